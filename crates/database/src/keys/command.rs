//! A command that prints the master keys: the client of a key management service, or of a vault.

use std::fmt;
use std::pin::pin;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::process::Command;
use vestibule_oauth_provider::Secret;
use zeroize::Zeroizing;

use crate::DbError;
use crate::keys::text;

/// How long a command may take. A sign-in may be waiting for it.
const LONGEST_RUN: Duration = Duration::from_secs(10);
/// How much of what a command that failed said is looked at, in bytes.
const LONGEST_SAID: usize = 2 * 1024;
/// How much of that is shown, in characters.
const SHOWN: usize = 300;
/// How many letters of a key's alphabets in a row may be part of one.
const LIKE_A_KEY: usize = 16;

/// A program with its arguments, which prints the master keys to its standard output, as they stand in a key file. It is started without a shell
/// and has no standard input. Its `Debug` shows no argument.
#[derive(Clone)]
pub struct KeyCommand {
    program: String,
    arguments: Vec<String>,
    longest_run: Duration,
}

impl KeyCommand {
    /// Takes a command line apart as a shell does (quotes, `\`), without variables, pipes or anything else that a shell adds.
    ///
    /// # Errors
    /// [`DbError::MasterKey`], when there is no program, or a quote is not closed.
    pub fn parse(line: &str) -> Result<Self, DbError> {
        let mut words = shlex::split(line)
            .ok_or_else(|| DbError::MasterKey("the command has a quote that is not closed".to_owned()))?
            .into_iter();
        let program = words.next().filter(|program| !program.is_empty());
        let program = program.ok_or_else(|| DbError::MasterKey("the command names no program".to_owned()))?;
        Ok(Self { program, arguments: words.collect(), longest_run: LONGEST_RUN })
    }

    /// The command with another time in which it has to end.
    #[must_use]
    pub fn within(self, longest_run: Duration) -> Self {
        Self { longest_run, ..self }
    }

    /// The program.
    pub fn program(&self) -> &str {
        &self.program
    }

    /// Runs it, for ten seconds at most unless another time was given; then it is killed.
    ///
    /// # Errors
    /// [`DbError::MasterKey`], naming the program, with how it ended. Of what it said to standard error, whatever could be a key is left out.
    pub(crate) async fn run(&self) -> Result<Secret, DbError> {
        let failed = |said: String| DbError::MasterKey(format!("command \"{}\": {said}", self.program));
        let mut child = Command::new(&self.program)
            .args(&self.arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| failed(format!("cannot be started: {error}")))?;
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        let mut said = Zeroizing::new(Vec::with_capacity(LONGEST_SAID));
        let ended = async {
            let printed = async {
                let printed = first_bytes(stdout, text::LONGEST + 1).await?;
                // The rest would keep it from ending.
                if printed.len() > text::LONGEST {
                    Ok((printed, None))
                } else {
                    Ok((printed, Some(child.wait().await?)))
                }
            };
            let mut printed = pin!(printed);
            let mut listening = pin!(listen(stderr, &mut said));
            // What it says first, so that nothing of it is missed when it ends; something that it leaves running may go on talking.
            tokio::select! {
                biased;
                () = &mut listening => printed.await,
                ended = &mut printed => ended,
            }
        };
        let ended: Result<std::io::Result<_>, _> = tokio::time::timeout(self.longest_run, ended).await;
        match ended {
            Err(_) => Err(failed(format!("did not end within {:?}", self.longest_run))),
            Ok(Err(error)) => Err(failed(format!("could not be read from: {error}"))),
            Ok(Ok((_, Some(status)))) if !status.success() => {
                Err(failed(format!("ended with {status}{}", quoted(&String::from_utf8_lossy(&said)))))
            }
            Ok(Ok((printed, _))) => text::from_bytes(&printed).map_err(|error| text::within(error, &self.to_string())),
        }
    }
}

impl fmt::Display for KeyCommand {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "command \"{}\"", self.program)
    }
}

impl fmt::Debug for KeyCommand {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("KeyCommand").field("program", &self.program).finish_non_exhaustive()
    }
}

/// The first bytes of a stream, `most` at the most, without copies of them when the buffer grows.
async fn first_bytes(stream: Option<impl AsyncRead + Unpin>, most: usize) -> std::io::Result<Zeroizing<Vec<u8>>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(most));
    if let Some(stream) = stream {
        stream.take(u64::try_from(most).unwrap_or(u64::MAX)).read_to_end(&mut bytes).await?;
    }
    Ok(bytes)
}

/// Reads a stream to its end and keeps its beginning.
async fn listen(stream: Option<impl AsyncRead + Unpin>, said: &mut Zeroizing<Vec<u8>>) {
    let Some(mut stream) = stream else { return };
    let mut piece = Zeroizing::new([0; 512]);
    while let Ok(length @ 1..) = stream.read(piece.as_mut_slice()).await {
        let room = LONGEST_SAID.saturating_sub(said.len()).min(length);
        said.extend_from_slice(piece.get(..room).unwrap_or_default());
    }
}

/// What a command said, in one line and with nothing in it that could be a key.
fn quoted(said: &str) -> String {
    let mut shown = String::new();
    for word in said.split_whitespace() {
        if shown.chars().count() > SHOWN {
            shown.push_str(" …");
            break;
        }
        if !shown.is_empty() {
            shown.push(' ');
        }
        shown.push_str(&without_keys(word));
    }
    if shown.is_empty() { shown } else { format!(", saying: {shown}") }
}

/// The word with `***` in the place of whatever could be a key, or part of one.
fn without_keys(word: &str) -> String {
    let of_a_key = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '+' | '/' | '=' | '-' | '_');
    let mut shown = String::new();
    let mut rest = word;
    while !rest.is_empty() {
        let (run, others) = rest.split_at(rest.find(|letter| !of_a_key(letter)).unwrap_or(rest.len()));
        shown.push_str(if run.len() >= LIKE_A_KEY { "***" } else { run });
        let mut letters = others.chars();
        if let Some(letter) = letters.next() {
            shown.push(if letter.is_control() { '\u{fffd}' } else { letter });
        }
        rest = letters.as_str();
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_be_a_key_is_not_repeated() {
        let key = "ab".repeat(32);
        let said = quoted(&format!("bad key:\n'{key}'\u{1b}[31m at {}…", "Zm9v+/".repeat(8)));
        assert_eq!(said, ", saying: bad key: '***'\u{fffd}[31m at ***…");
        assert_eq!(quoted(" \n"), "");
        assert!(quoted(&"word ".repeat(1000)).chars().count() < SHOWN + 30);
    }

    #[test]
    fn a_command_line_is_words_and_quotes() {
        let command = KeyCommand::parse("vault kv get -field=key 'secret/my keys'").unwrap();
        assert_eq!((command.program.as_str(), command.arguments.len()), ("vault", 4));
        assert_eq!(command.arguments[3], "secret/my keys");
        assert!(!format!("{command:?}").contains("secret"));
        for line in ["", "  ", "vault 'kv", "'' kv"] {
            assert!(matches!(KeyCommand::parse(line), Err(DbError::MasterKey(_))), "{line}");
        }
    }
}
