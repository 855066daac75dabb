//! What the tests need: a house to sign in to, a browser to sign in with, and the program as a process.

mod browser;
mod chromium;
mod house;
mod line;
mod log;
mod program;
mod renewal;
mod search;
mod sql_client;
mod tap;

pub(crate) use self::browser::{Answered, Browser};
pub(crate) use self::chromium::{Chromium, Page};
pub(crate) use self::house::{APP_CERT, BY, House, NAME, OWNER, ROOT_CERT, add_cert, authority, config, make_key_file};
pub(crate) use self::line::Line;
pub(crate) use self::log::{Log, Logging, everything_logged};
pub(crate) use self::program::{Program, run, run_with};
pub(crate) use self::renewal::{new_alipay_certificate, new_app_certificate, used_app_certificate};
pub(crate) use self::search::holds;
pub(crate) use self::sql_client::SqlClient;
pub(crate) use self::tap::Tap;
