//! From a failed request to the one error that an administrator reads.

use std::error::Error as StdError;
use std::io::{self, ErrorKind};

use vestibule_oauth_provider::Error;

use crate::Settings;
use crate::guard::exception;
use crate::resolver::NameFault;

/// What `error` means for the request to `upstream` (host and port).
pub(crate) fn failure(error: reqwest::Error, upstream: &str, settings: &Settings) -> Error {
    // The URL is taken out before anything is formatted: its query may carry a code or a token.
    let error = error.without_url();
    if let Some(fault) = find::<NameFault>(&error) {
        return of_name(fault, upstream);
    }
    let words = if let Some(tls) = find::<rustls::Error>(&error) {
        of_tls(tls)
    } else if error.is_timeout() && error.is_connect() {
        format!(
            "could not be reached within {:?}: check its address and what may block the way there",
            settings.connect_timeout
        )
    } else {
        of_transport(&error).to_owned()
    };
    Error::network(format!("the upstream \"{upstream}\" {words}")).caused_by(error)
}

fn of_name(fault: &NameFault, upstream: &str) -> Error {
    let subject = format!("the upstream \"{upstream}\" cannot be used: {fault}");
    match fault {
        NameFault::Refused(_) => {
            Error::configuration(format!("{subject}; an upstream must have a public address{}", exception(upstream)))
        }
        NameFault::Unresolved(error) => {
            Error::network(format!("{subject} ({error}): check how it is spelled, and this machine's dns"))
        }
        NameFault::WithoutAddress => Error::network(format!("{subject}: check how it is spelled")),
    }
}

fn of_tls(error: &rustls::Error) -> String {
    match error {
        rustls::Error::InvalidCertificate(why) => format!(
            "shows a certificate that is not accepted ({why}): it must be valid now, for that name, and issued by a public authority; check this \
             machine's clock, too"
        ),
        rustls::Error::InvalidMessage(_) => {
            "does not speak tls: its address begins with \"https://\" and must lead to a port that does".to_owned()
        }
        _ => format!("could not agree on a tls connection ({error}): tls 1.2 or 1.3 is needed"),
    }
}

fn of_transport(error: &reqwest::Error) -> &'static str {
    if let Some(http) = find::<hyper::Error>(error) {
        if http.is_parse() {
            return "answered something that is not http, or more header fields than an answer may have: check its address and port";
        }
        if http.is_incomplete_message() {
            return INCOMPLETE;
        }
    }
    match find::<io::Error>(error).map(io::Error::kind) {
        Some(ErrorKind::ConnectionRefused) => "refused the connection: check that it runs, and its port",
        Some(ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable) => {
            "cannot be reached from here: check its address and this machine's network"
        }
        Some(ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted | ErrorKind::BrokenPipe) => {
            "broke the connection off: try again, and look into its own log if that stays so"
        }
        Some(ErrorKind::UnexpectedEof) => INCOMPLETE,
        _ if error.is_decode() => "sent a body that cannot be decompressed",
        _ if error.is_connect() => "could not be connected to",
        _ => "did not answer as http asks",
    }
}

const INCOMPLETE: &str =
    "closed the connection before its answer was complete: try again, and look into its own log if that stays so";

/// The first `T` among the causes of `error`. An [`io::Error`] hides what it wraps from `source`, so that is looked at, too.
fn find<'a, T: StdError + 'static>(error: &'a (dyn StdError + 'static)) -> Option<&'a T> {
    let mut next = Some(error);
    while let Some(cause) = next {
        if let Some(found) = cause.downcast_ref::<T>() {
            return Some(found);
        }
        let wrapped = cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        next = match wrapped {
            Some(wrapped) => Some(wrapped),
            None => cause.source(),
        };
    }
    None
}
