//! What plain SQL does to a server that runs: rows inserted, disabled, replaced with the client that comes with each database.

mod house;
mod rows;
mod secrets;
