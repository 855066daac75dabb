//! What goes wrong: in the records, upstream, and on the way back. Each case is a line of a table; the administrator's message must name record, field
//! and remedy, and the browser must learn nothing of it. No case may hang.

mod attempts;
mod records;
mod site;
mod upstream;
