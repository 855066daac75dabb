//! What plain SQL does while the server runs.
