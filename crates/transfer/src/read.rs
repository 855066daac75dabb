//! Reading a file row by row, whoever wrote it.
//!
//! Two kinds of files are known. Ours begins with the member `format`, and its head stands before its rows. Any other object with lists `certs` or `providers`
//! is taken for the `init_data.json` of Casdoor, in which those lists stand among many others, in any order. A file of 100,000 rows is never in memory: the rows
//! come through a channel that holds a few, and of what is not wanted nothing is kept.

mod bounded;

use std::collections::HashSet;
use std::fmt;
use std::fs::File;
use std::io::{self, BufReader, Cursor, Read};
use std::path::PathBuf;
use std::sync::Arc;

use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use tokio::sync::mpsc;

use self::bounded::{Allowance, Bounded};
use crate::TransferError;
use crate::fault::broken;
use crate::file::{FORMAT, SecretsHead, VERSION};

/// How many rows are read ahead.
const AHEAD: usize = 4;

/// A file that is read from its beginning more than once.
#[derive(Clone)]
pub enum Source {
    /// A file.
    Path(PathBuf),
    /// What a file would hold.
    Bytes(Arc<[u8]>),
}

impl Source {
    fn open(&self) -> io::Result<Box<dyn Read>> {
        Ok(match self {
            Self::Path(path) => Box::new(File::open(path)?),
            Self::Bytes(bytes) => Box::new(Cursor::new(Arc::clone(bytes))),
        })
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Path(path) => formatter.debug_tuple("Path").field(path).finish(),
            Self::Bytes(bytes) => formatter.debug_tuple("Bytes").field(&bytes.len()).finish(),
        }
    }
}

/// The two lists of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum List {
    Certs,
    Providers,
}

/// What is found in a file, in its order.
pub(crate) enum Found {
    /// It is ours, and this is how its secrets stand in it. Before all rows.
    Ours(SecretsHead),
    /// It is Casdoor's. Before all rows.
    Casdoors,
    /// A row of the list that was asked for.
    Row(Box<RawValue>),
}

/// Reads `source` in a thread of its own and hands out the rows of `list`. What is wrong with the file as a whole comes last.
pub(crate) fn read(source: &Source, list: List) -> mpsc::Receiver<Result<Found, TransferError>> {
    let (sender, receiver) = mpsc::channel(AHEAD);
    let source = source.clone();
    tokio::task::spawn_blocking(move || {
        let result = parse(&source, list, &sender);
        if let Err(error) = result {
            // Nobody listens any more, when this fails.
            let _ = sender.blocking_send(Err(error));
        }
    });
    receiver
}

type Sender = mpsc::Sender<Result<Found, TransferError>>;

fn parse(source: &Source, list: List, sender: &Sender) -> Result<(), TransferError> {
    let file = source.open().map_err(|source| TransferError::File { what: "open", source })?;
    let allowance = Allowance::one_row();
    // What the buffer reads ahead is counted for the row before: the bound is that much less sharp, and a byte costs no call.
    let reader = BufReader::with_capacity(64 * 1024, Bounded::new(file, allowance.clone()));
    let mut json = serde_json::Deserializer::from_reader(reader);
    let file = WholeFile { list, sender, allowance: &allowance };
    json.deserialize_map(file).map_err(broken)?;
    json.end().map_err(|error| match error.is_io() {
        true => broken(error),
        false => TransferError::Format("there is something after the json object of the file".to_owned()),
    })
}

struct WholeFile<'s> {
    list: List,
    sender: &'s Sender,
    allowance: &'s Allowance,
}

#[derive(Default)]
struct Seen {
    members: HashSet<&'static str>,
    version: bool,
    head: bool,
}

impl WholeFile<'_> {
    fn send<E: serde::de::Error>(&self, found: Found) -> Result<(), E> {
        // It is no error to stop listening.
        self.sender.blocking_send(Ok(found)).map_err(|_| E::custom("nobody wants to know"))
    }

    fn rows<'de, A: MapAccess<'de>>(&self, map: &mut A, list: List) -> Result<(), A::Error> {
        if list == self.list {
            map.next_value_seed(Rows(self))
        } else {
            self.allowance.lift();
            map.next_value::<IgnoredAny>().map(drop)
        }
    }

    fn ours<'de, A: MapAccess<'de>>(&self, map: &mut A) -> Result<(), A::Error> {
        let known = ["format", "version", "exported_at", "secrets", "certs", "providers"];
        if map.next_value::<Text>()?.0 != FORMAT {
            return Err(A::Error::custom(format!("\"format\" is not \"{FORMAT}\"")));
        }
        let mut seen = Seen::default();
        seen.members.insert("format");
        while let Some(member) = self.member(map)? {
            let Some(member) = known.into_iter().find(|known| **known == *member) else {
                return Err(A::Error::custom(format!(
                    "has a member that is not known here; its members are {}",
                    known.join(", ")
                )));
            };
            once(&mut seen, member)?;
            match member {
                "version" => {
                    let Number(version) = map.next_value()?;
                    if version != Some(VERSION) {
                        return Err(A::Error::custom(format!(
                            "\"version\" is another than {VERSION}, the only one that this program knows; take the program that wrote it, or a newer one"
                        )));
                    }
                    seen.version = true;
                }
                "secrets" if seen.version => {
                    let json: Box<RawValue> = map.next_value()?;
                    let mut text = serde_json::Deserializer::from_str(json.get());
                    let head: SecretsHead = serde_path_to_error::deserialize(&mut text)
                        .map_err(|error| A::Error::custom(format!("\"secrets\": {}", crate::fault::misread(&error))))?;
                    seen.head = true;
                    self.send(Found::Ours(head))?;
                }
                "certs" if seen.head => self.rows(map, List::Certs)?,
                "providers" if seen.head => self.rows(map, List::Providers)?,
                "exported_at" => map.next_value::<IgnoredAny>().map(drop)?,
                early => {
                    return Err(A::Error::custom(format!(
                        "\"{early}\" stands before \"version\" or \"secrets\", which say how to read it"
                    )));
                }
            }
        }
        for wanted in known {
            if !seen.members.contains(wanted) && wanted != "exported_at" {
                return Err(A::Error::custom(format!("has no \"{wanted}\"")));
            }
        }
        Ok(())
    }

    fn casdoors<'de, A: MapAccess<'de>>(&self, first: Option<String>, map: &mut A) -> Result<(), A::Error> {
        self.send(Found::Casdoors)?;
        let mut seen = Seen::default();
        let mut next = first;
        while let Some(member) = next {
            match &*member {
                "certs" => {
                    once(&mut seen, "certs")?;
                    self.rows(map, List::Certs)?;
                }
                "providers" => {
                    once(&mut seen, "providers")?;
                    self.rows(map, List::Providers)?;
                }
                "format" => {
                    return Err(A::Error::custom("\"format\" has to be its first member"));
                }
                _ => {
                    self.allowance.lift();
                    map.next_value::<IgnoredAny>()?;
                }
            }
            next = self.member(map)?;
        }
        if seen.members.is_empty() {
            return Err(A::Error::custom(
                "is neither one of vestibule export nor casdoor's init_data.json: it has no list \"certs\" and no list \"providers\"",
            ));
        }
        Ok(())
    }

    fn member<'de, A: MapAccess<'de>>(&self, map: &mut A) -> Result<Option<String>, A::Error> {
        self.allowance.renew();
        map.next_key()
    }
}

fn once<E: serde::de::Error>(seen: &mut Seen, member: &'static str) -> Result<(), E> {
    if seen.members.insert(member) { Ok(()) } else { Err(E::custom(format!("has \"{member}\" twice"))) }
}

impl<'de> Visitor<'de> for WholeFile<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("one json object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        match self.member(&mut map)? {
            Some(first) if first == "format" => self.ours(&mut map),
            first => self.casdoors(first, &mut map),
        }
    }
}

/// A list, whose rows are handed out one by one.
struct Rows<'s>(&'s WholeFile<'s>);

impl<'de> DeserializeSeed<'de> for Rows<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Rows<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut rows: A) -> Result<(), A::Error> {
        loop {
            self.0.allowance.renew();
            let Some(row) = rows.next_element::<Box<RawValue>>()? else { return Ok(()) };
            self.0.send(Found::Row(row))?;
        }
    }

    /// Casdoor writes `null` for a list of nothing.
    fn visit_unit<E: serde::de::Error>(self) -> Result<(), E> {
        Ok(())
    }
}

/// A string; what else was found is not repeated.
struct Text(String);

impl<'de> serde::Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let json = Box::<RawValue>::deserialize(deserializer)?;
        Ok(Self(serde_json::from_str(json.get()).unwrap_or_default()))
    }
}

/// A number that fits, or nothing.
struct Number(Option<u64>);

impl<'de> serde::Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let json = Box::<RawValue>::deserialize(deserializer)?;
        Ok(Self(serde_json::from_str(json.get()).ok()))
    }
}
