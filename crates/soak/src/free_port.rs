//! A port at which nobody listens.

use std::net::{Ipv4Addr, TcpListener};

use crate::failure::Outcome;

/// One of loopback, free at this moment.
pub(crate) fn free_port() -> Outcome<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}
