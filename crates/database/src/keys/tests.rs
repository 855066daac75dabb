use std::fs;
use std::future::{Future, poll_fn};
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use tempfile::TempDir;
use tokio::task::JoinSet;
use vestibule_oauth_provider::{Secret, SystemRandom};
use vestibule_testkit::{FixedClock, SeededRandom};

use super::{KeyCommand, KeyFile, KeySource, Keyring, ResealError, text};
use crate::{DbError, KeyOrigin, MasterKey, Place, SealError, key_ids_in};

fn hex_key(digit: char) -> String {
    digit.to_string().repeat(64)
}

fn master_key(digit: char) -> MasterKey {
    MasterKey::from_text(&Secret::new(hex_key(digit))).unwrap()
}

fn id(digit: char) -> String {
    master_key(digit).id()
}

fn place() -> Place<'static> {
    Place { table: "vestibule_cert", owner: "acme", row: &[7; 16], version: 1, column: "private_key" }
}

fn sealed_with(digit: char, clear: &str) -> String {
    Keyring::new(master_key(digit)).seal(&Secret::new(clear), &place(), &SeededRandom::new(1)).unwrap()
}

fn written(folder: &TempDir, text: &str) -> PathBuf {
    let path = folder.path().join("master.key");
    fs::write(&path, text).unwrap();
    path
}

async fn ring_of(path: &Path) -> (Keyring, Arc<FixedClock>) {
    let clock = Arc::new(FixedClock::new());
    (Keyring::load(KeySource::File(path.to_owned()), clock.clone()).await.unwrap(), clock)
}

fn shell(script: &str) -> KeyCommand {
    KeyCommand::parse(&format!("sh -c {}", shlex::try_quote(script).unwrap())).unwrap()
}

async fn said_by(script: &str) -> String {
    let loaded = Keyring::load(KeySource::Command(shell(script)), Arc::new(FixedClock::new())).await;
    loaded.unwrap_err().to_string()
}

#[tokio::test]
async fn a_server_learns_the_key_that_another_put_into_their_file() {
    let folder = TempDir::new().unwrap();
    let path = written(&folder, &hex_key('a'));
    let ((one, _), (other, _)) = (ring_of(&path).await, ring_of(&path).await);

    // The clocks stand still: it is the file that tells.
    for round in 0..3 {
        let added = KeyFile::at(&path).add_key(&SystemRandom::new()).await.unwrap();
        assert!(one.reload().await.unwrap());
        assert_eq!(one.key_id(), added);
        let sealed = one.seal(&Secret::new("s3cr3t"), &place(), &SeededRandom::new(round)).unwrap();
        assert!(matches!(other.open(&sealed, &place()), Err(SealError::UnknownKey { .. })));
        assert!(other.open_or_reload(&sealed, &place()).await.unwrap().same_as("s3cr3t"));
        assert_eq!(other.key_ids(), one.key_ids());
    }
    assert!(other.open(&sealed_with('a', "old"), &place()).unwrap().same_as("old"));
    assert!(!one.reload().await.unwrap());
}

#[tokio::test]
async fn clones_of_a_ring_learn_together() {
    let folder = TempDir::new().unwrap();
    let path = written(&folder, &hex_key('a'));
    let (ring, _) = ring_of(&path).await;
    let clone = ring.clone();
    fs::write(&path, format!("{}\n{}", hex_key('b'), hex_key('a'))).unwrap();
    ring.reload().await.unwrap();
    assert_eq!(clone.key_ids(), [id('b'), id('a')]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_hundred_unknown_keys_run_the_command_once() {
    let folder = TempDir::new().unwrap();
    let (path, count) = (written(&folder, &hex_key('a')), folder.path().join("count"));
    let command = shell(&format!("echo run >> {}; cat {}", count.display(), path.display()));
    let clock = Arc::new(FixedClock::new());
    let ring = Keyring::load(KeySource::Command(command), clock.clone()).await.unwrap();
    let runs = || fs::read_to_string(&count).unwrap().lines().count();
    assert_eq!(runs(), 1);

    let ask_for_a_hundred = async |round: u32| {
        let mut asking = JoinSet::new();
        for number in 0..100 {
            let ring = ring.clone();
            asking.spawn(async move {
                let sealed = format!("vsealed:1:{round:08x}{number:08x}:AAAA");
                ring.open_or_reload(&sealed, &place()).await.err().unwrap()
            });
        }
        for error in asking.join_all().await {
            assert!(matches!(error, SealError::UnknownKey { .. }), "{error}");
        }
    };
    ask_for_a_hundred(1).await;
    assert_eq!(runs(), 1, "it was loaded at this moment");
    clock.advance(Duration::from_secs(30));
    ask_for_a_hundred(2).await;
    assert_eq!(runs(), 2);
    clock.advance(Duration::from_secs(29));
    ask_for_a_hundred(3).await;
    assert_eq!(runs(), 2);

    // What has no key id asks nobody.
    clock.advance(Duration::from_secs(30));
    for sealed in ["vsealed:1:abc:AAAA", "vsealed:1:0123456789ABCDEF:AAAA", "vsealed:1:0123456789abcdef0:AAAA", ""] {
        let error = ring.open_or_reload(sealed, &place()).await.err().unwrap();
        assert_eq!(error, SealError::Damaged, "{sealed}");
    }
    assert_eq!(runs(), 2);

    // And a hundred that miss a key which is there by now all get it.
    fs::write(&path, format!("{},{}", hex_key('b'), hex_key('a'))).unwrap();
    let sealed = sealed_with('b', "s3cr3t");
    let mut opening = JoinSet::new();
    for _ in 0..100 {
        let (ring, sealed) = (ring.clone(), sealed.clone());
        opening.spawn(async move { ring.open_or_reload(&sealed, &place()).await.unwrap().same_as("s3cr3t") });
    }
    assert!(opening.join_all().await.into_iter().all(|is_open| is_open));
    assert_eq!(runs(), 3);
}

#[tokio::test]
async fn a_caller_that_goes_away_does_not_use_up_the_turn_of_the_others() {
    let folder = TempDir::new().unwrap();
    let path = written(&folder, &hex_key('a'));
    let clock = Arc::new(FixedClock::new());
    let source = KeySource::Command(shell(&format!("cat {}", path.display())));
    let ring = Keyring::load(source, clock.clone()).await.unwrap();
    fs::write(&path, format!("{}\n{}", hex_key('b'), hex_key('a'))).unwrap();
    clock.advance(Duration::from_secs(30));

    let sealed = sealed_with('b', "s3cr3t");
    let place = place();
    {
        let mut gone = pin!(ring.open_or_reload(&sealed, &place));
        poll_fn(|context| Poll::Ready(gone.as_mut().poll(context).is_pending())).await;
        tokio::task::yield_now().await;
    }
    assert!(ring.open_or_reload(&sealed, &place).await.unwrap().same_as("s3cr3t"));
}

#[tokio::test]
async fn a_source_that_gives_no_keys_leaves_the_ring_as_it_is() {
    let folder = TempDir::new().unwrap();
    let path = written(&folder, &hex_key('a'));
    let (ring, clock) = ring_of(&path).await;
    for text in ["", "\n# nothing\n", "hunter2", "\u{feff}"] {
        fs::write(&path, text).unwrap();
        assert!(matches!(ring.reload().await, Err(DbError::MasterKey(_))), "{text:?}");
        clock.advance(Duration::from_secs(2));
        let error = ring.open_or_reload(&sealed_with('b', "x"), &place()).await.err().unwrap();
        assert_eq!(error, SealError::UnknownKey { sealed_with: id('b'), have: vec![id('a')] });
    }
    fs::remove_file(&path).unwrap();
    assert!(matches!(ring.reload().await, Err(DbError::File { .. })));
    assert!(ring.open(&sealed_with('a', "still"), &place()).unwrap().same_as("still"));
}

#[tokio::test]
async fn a_key_that_its_operator_took_away_opens_no_more() {
    let folder = TempDir::new().unwrap();
    let path = written(&folder, &format!("{}\n{}", hex_key('b'), hex_key('a')));
    let (ring, _) = ring_of(&path).await;
    fs::write(&path, hex_key('c')).unwrap();
    assert!(ring.reload().await.unwrap());
    assert_eq!(ring.key_ids(), [id('c')]);
    let error = ring.open(&sealed_with('a', "x"), &place()).err().unwrap().to_string();
    assert!(error.contains(&format!("\"{}\", and this installation has \"{}\";", id('a'), id('c'))), "{error}");
}

#[tokio::test]
async fn a_value_is_sealed_anew_with_the_first_key_once() {
    let ring = Keyring::new(master_key('b')).with_former(master_key('a'));
    let random = SeededRandom::new(3);
    let old = sealed_with('a', "s3cr3t");
    assert!(!ring.is_current(&old));
    let anew = ring.reseal(&old, &place(), &random).await.unwrap().unwrap();
    assert!(ring.is_current(&anew));
    assert!(ring.open(&anew, &place()).unwrap().same_as("s3cr3t"));
    assert!(ring.reseal(&anew, &place(), &random).await.unwrap().is_none());

    let elsewhere = Place { version: 2, ..place() };
    let moved = ring.reseal(&old, &elsewhere, &random).await;
    assert!(matches!(moved, Err(ResealError::Seal(SealError::WrongPlace))));
    let unknown = ring.reseal(&sealed_with('c', "x"), &place(), &random).await;
    assert!(matches!(unknown, Err(ResealError::Seal(SealError::UnknownKey { .. }))));
}

#[test]
fn the_keys_of_all_sealed_values_in_a_text_are_told() {
    let (a, b) = (sealed_with('a', "x"), sealed_with('b', "y"));
    let text = format!(
        r#"{{"one":"{a}","two":"{b}","three":"vsealed:1:xyz:AAAA","four":"vsealed:2:{0}:A","vsealed:":1}}"#,
        id('c')
    );
    assert_eq!(key_ids_in(&text).collect::<Vec<_>>(), [id('a'), id('b')]);
    assert_eq!(key_ids_in("vsealed:1:").count(), 0);
}

#[test]
fn keys_are_read_from_whatever_an_editor_makes_of_them() {
    let ids = |text: &str| -> Result<Vec<String>, DbError> {
        Ok(text::read(&Secret::new(text))?.iter().map(MasterKey::id).collect())
    };
    let (a, b) = (hex_key('a'), hex_key('b'));
    let both = [id('b'), id('a')];
    for text in [
        format!("{b}\n{a}\n"),
        format!("{b}\r\n{a}\r\n"),
        format!("\u{feff}{b}\n{a}"),
        format!("\n\n  {b} # since Sunday\n# the former one:\n\t{a}"),
        format!("{b},{a}"),
        format!("{b}, {a},"),
        format!("{b} {a}"),
        format!("{b}\n{a}\n{b}\n{a}\n{a}"),
        format!("{b}\n{a}\n#{}", hex_key('c')),
        format!("{b}\r{a}\r"),
    ] {
        assert_eq!(ids(&text).unwrap(), both, "{text:?}");
    }

    let many: String = (0..1000).map(|number| format!("{number:064x}\n")).collect();
    assert!(ids(&many).unwrap_err().to_string().contains("there are 1000 keys, and 100 are the most"));
    assert!(text::from_bytes(many.repeat(2).as_bytes()).is_err());
    assert!(text::from_bytes(&[0xff, 0xfe, b'a', 0]).is_err());

    let said = ids(&format!("{a}\nhunter2")).unwrap_err().to_string();
    assert!(said.starts_with("master key: key 2: expected 64 hex digits") && !said.contains("hunter2"), "{said}");
}

#[tokio::test]
async fn a_command_that_gives_no_keys_is_named_and_not_repeated() {
    let key = hex_key('a');
    let said = said_by(&format!("echo no access with {key} >&2; echo {key}; exit 3")).await;
    assert!(said.contains("command \"sh\": ended with exit status: 3, saying: no access with ***"), "{said}");
    assert!(said_by("true").await.contains("command \"sh\": expected 64 hex digits"));
    assert!(said_by("exit 1").await.ends_with("ended with exit status: 1"));
    let said = said_by("echo hunter2").await;
    assert!(said.contains("command \"sh\"") && !said.contains("hunter2"), "{said}");
    assert!(said_by("head -c 10000000 /dev/zero").await.contains("more than 64 KiB"));
    // What it says while it fails does not keep it from ending.
    assert!(said_by("head -c 10000000 /dev/zero >&2; exit 1").await.contains("exit status: 1"));

    let absent = KeySource::Command(KeyCommand::parse("/nonexistent/kms").unwrap());
    let said = Keyring::load(absent, Arc::new(FixedClock::new())).await.unwrap_err().to_string();
    assert!(said.contains("command \"/nonexistent/kms\": cannot be started"), "{said}");
}

#[tokio::test]
async fn a_command_that_hangs_is_given_up() {
    let source = KeySource::Command(shell("exec sleep 600").within(Duration::from_millis(300)));
    let said = Keyring::load(source, Arc::new(FixedClock::new())).await.unwrap_err().to_string();
    assert!(said.contains("command \"sh\": did not end within 300ms"), "{said}");
}

#[tokio::test]
async fn a_command_may_leave_something_running_that_goes_on_talking() {
    let command = shell(&format!("(exec >/dev/null; sleep 20; echo bye >&2) & echo {}", hex_key('a')));
    let source = KeySource::Command(command.within(Duration::from_secs(10)));
    let ring = Keyring::load(source, Arc::new(FixedClock::new())).await.unwrap();
    assert_eq!(ring.key_ids(), [id('a')]);
}

#[tokio::test]
async fn a_key_file_is_made_once_whoever_comes_first() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("master.key");
    let mut making = JoinSet::new();
    for _ in 0..8 {
        let file = KeyFile::at(&path);
        making.spawn(async move { file.make_if_absent(&SystemRandom::new()).await.unwrap() });
    }
    let made = making.join_all().await;
    assert_eq!(made.iter().filter(|origin| **origin == KeyOrigin::Made).count(), 1);
    assert_eq!(ring_of(&path).await.0.key_ids().len(), 1);
}

#[cfg(unix)]
#[tokio::test]
async fn a_rewritten_key_file_keeps_its_other_lines_its_mode_and_its_links() {
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    let folder = TempDir::new().unwrap();
    let path = written(&folder, &format!("\u{feff}# ours\r\n{} # the first\r\n\r\n", hex_key('a')));
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    fs::write(folder.path().join("master.key.new"), "half").unwrap();
    let link = folder.path().join("link");
    symlink(&path, &link).unwrap();

    let file = KeyFile::at(&link);
    let added = file.add_key(&SystemRandom::new()).await.unwrap();
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.ends_with(&format!("\n# ours\r\n{} # the first\r\n\r\n", hex_key('a'))), "{text:?}");
    assert_eq!(ring_of(&link).await.0.key_ids(), [added.clone(), id('a')]);
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o640);
    assert!(link.is_symlink());
    assert!(!folder.path().join("master.key.new").exists());

    assert!(!file.remove_key(&id('c')).await.unwrap());
    assert!(file.remove_key(&id('a')).await.unwrap());
    assert_eq!(ring_of(&path).await.0.key_ids(), std::slice::from_ref(&added));
    assert!(fs::read_to_string(&path).unwrap().contains("# ours"));

    // The last one stays.
    assert!(matches!(file.remove_key(&added).await, Err(DbError::MasterKey(_))));
    assert_eq!(ring_of(&path).await.0.key_ids(), [added]);
}

#[tokio::test]
async fn several_keys_in_a_line_are_taken_out_one_by_one() {
    let folder = TempDir::new().unwrap();
    let path = written(&folder, &format!("{},{} {}", hex_key('a'), hex_key('b'), hex_key('a')));
    assert!(KeyFile::at(&path).remove_key(&id('a')).await.unwrap());
    assert_eq!(fs::read_to_string(&path).unwrap(), format!("{}\n", hex_key('b')));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_several_writers_none_loses_anothers_key() {
    let folder = TempDir::new().unwrap();
    let path = written(&folder, &hex_key('a'));
    let mut adding = JoinSet::new();
    for _ in 0..8 {
        let file = KeyFile::at(&path);
        adding.spawn(async move { file.add_key(&SystemRandom::new()).await.unwrap() });
    }
    let added = adding.join_all().await;
    let ids = ring_of(&path).await.0.key_ids();
    assert_eq!(ids.len(), 9);
    assert!(added.iter().all(|one| ids.contains(one)));
    assert_eq!(ids.last(), Some(&id('a')));
}

#[tokio::test]
async fn a_file_that_holds_no_key_is_not_rewritten() {
    let folder = TempDir::new().unwrap();
    for text in ["", "hunter2", "# nothing"] {
        let path = written(&folder, text);
        let file = KeyFile::at(&path);
        // A file without any key gets its first one; one with something else in it is left alone.
        let is_added = file.add_key(&SystemRandom::new()).await.is_ok();
        assert_eq!(is_added, text != "hunter2", "{text:?}");
        assert_eq!(fs::read_to_string(&path).unwrap() == text, !is_added, "{text:?}");
    }
}
