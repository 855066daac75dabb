use std::io::Read as _;

use flate2::read::GzDecoder;

use super::*;

#[test]
fn the_bomb_is_a_sound_gzip_stream_of_more_than_a_hundred_megabytes() {
    let bomb = gzip_bomb(b"{\"a\":1}");
    assert!(bomb.len() < 1 << 20, "{} bytes go over the wire", bomb.len());
    let mut decoder = GzDecoder::new(bomb.as_slice());
    let mut start = [0; 9];
    decoder.read_exact(&mut start).unwrap();
    assert_eq!(&start, b"{\"a\":1}  ");
    // The decoder checks length and checksum at the end.
    let rest = std::io::copy(&mut decoder, &mut std::io::sink()).unwrap();
    assert_eq!(rest + 9, (BOMB_BLOCK * BOMB_BLOCKS) as u64 + 7);
}

#[test]
fn one_byte_changed_leaves_the_length_and_the_braces() {
    assert_eq!(one_byte_changed(r#"{"a":"张0"}"#), r#"{"a":"张1"}"#);
    assert_eq!(one_byte_changed(r#"{"a":12}"#), r#"{"a":10}"#);
}
