//! Answers in GBK, signed with every sign type, by keys without certificates: what is believed, and as what.

use vestibule_alipay_simulator as simulator;
use vestibule_alipay_simulator::{RsaKey, SharedKey};
use vestibule_provider_alipay::parts::{AnswerFault, Charset, SignType, Verifier};
use vestibule_x509_material::Material;

use crate::house::now;

const METHOD: &str = "alipay.user.info.share";
/// 乗, 亄 and 亇 end in a backslash and braces, and 隆 could be a character of UTF-8.
const NICK_NAME: &str = "乗亄亇隆囧";

#[derive(serde::Deserialize)]
struct Node {
    open_id: String,
    nick_name: String,
}

fn node() -> Vec<u8> {
    let text = format!(r#"{{"code":"10000","msg":"Success","open_id":"074a1","nick_name":"{NICK_NAME}\/"}}"#);
    simulator::Charset::Gbk.encode(&text)
}

fn body(node: &[u8], sign: &str) -> Vec<u8> {
    [b"{\"alipay_user_info_share_response\":", node, b",\"sign\":\"", sign.as_bytes(), b"\"}"].concat()
}

fn key(which: SharedKey) -> RsaKey {
    RsaKey::shared(which).unwrap()
}

fn verifier(which: SharedKey, sign_type: SignType) -> Verifier {
    let material = Material::read(&key(which).public_key_base64()).unwrap();
    Verifier::new(material.public_key().unwrap(), None, sign_type).unwrap().expecting(Charset::Gbk)
}

/// A key, what signs with it, and what verifies that.
const SIGNED: [(SharedKey, simulator::SignType, SignType); 3] = [
    (SharedKey::Alipay, simulator::SignType::Rsa2, SignType::Rsa2),
    (SharedKey::Alipay, simulator::SignType::Rsa, SignType::Rsa),
    (SharedKey::SmallAlipay, simulator::SignType::Rsa, SignType::Rsa),
];

#[test]
fn characters_that_look_like_syntax_are_characters() {
    for (which, signs, verifies) in SIGNED {
        for signed in
            [node(), simulator::Charset::Gbk.encode(&String::from_utf8(decoded()).unwrap().replace("\\/", "/"))]
        {
            let sign = key(which).sign(signs, &signed).unwrap();
            let answer = verifier(which, verifies).verify(METHOD, &body(&node(), &sign), now()).unwrap();
            assert_eq!(answer.needed_unescaped_slashes(), signed != node());
            let node: Node = answer.parse().unwrap();
            assert_eq!((node.open_id.as_str(), node.nick_name), ("074a1", format!("{NICK_NAME}/")));
        }
    }
}

/// The node in UTF-8.
fn decoded() -> Vec<u8> {
    encoding_rs::GB18030.decode(&node()).0.into_owned().into_bytes()
}

#[test]
fn no_single_changed_byte_makes_another_person() {
    for (which, signs, verifies) in SIGNED {
        let body = body(&node(), &key(which).sign(signs, &node()).unwrap());
        let verifier = verifier(which, verifies);
        for position in 0..body.len() {
            for bit in 0..8 {
                let mut changed = body.clone();
                changed[position] ^= 1 << bit;
                if let Ok(answer) = verifier.verify(METHOD, &changed, now()) {
                    let node: Node = answer.parse().unwrap();
                    assert_eq!(node.open_id, "074a1", "byte {position}");
                    assert_eq!(node.nick_name, format!("{NICK_NAME}/"), "byte {position}");
                }
            }
        }
    }
}

#[test]
fn one_sign_type_is_not_taken_for_the_other() {
    for (signs, verifies) in [(simulator::SignType::Rsa2, SignType::Rsa), (simulator::SignType::Rsa, SignType::Rsa2)] {
        let body = body(&node(), &key(SharedKey::Alipay).sign(signs, &node()).unwrap());
        let refused = verifier(SharedKey::Alipay, verifies).verify(METHOD, &body, now()).unwrap_err();
        assert_eq!(refused, AnswerFault::BadSignature);
    }
}
