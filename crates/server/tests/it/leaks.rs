//! Nothing secret is written down or shown anywhere.
