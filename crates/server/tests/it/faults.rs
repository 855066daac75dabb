//! What goes wrong upstream, or in the records.
