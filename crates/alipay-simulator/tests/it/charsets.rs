//! What is signed and answered in which bytes.

use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use vestibule_alipay_simulator::{Fault, Simulator};
use x509_parser::{pem::Pem, prelude::FromDer as _};

use crate::client::{Call, Reply, access_token_of, code_of, send, sign_bytes, start};

/// The profile of `user`, asked for in a charset that query and header name.
async fn profile(simulator: &Simulator, charset: &str, user: &str) -> Reply {
    let token = access_token_of(simulator, user).await;
    let content_type = format!("application/x-www-form-urlencoded;charset={charset}");
    Call { content_type, ..Call::info(simulator.app(), &token) }.with("charset", charset).send(simulator).await
}

/// The bytes between the node's name and what follows it, if Alipay has signed them.
fn signed_node<'a>(simulator: &Simulator, reply: &'a Reply) -> &'a [u8] {
    let find = |text: &[u8]| reply.body.windows(text.len()).position(|window| window == text);
    let start = find(b"_response\":").unwrap() + b"_response\":".len();
    let end = find(b",\"alipay_cert_sn\":").unwrap();
    let sign = find(b"\"sign\":\"").unwrap() + b"\"sign\":\"".len();
    let signature = STANDARD.decode(&reply.body[sign..reply.body.len() - 2]).unwrap();
    let pem = simulator.app().material().alipay_cert;
    let pem = Pem::iter_from_buffer(pem.as_bytes()).next().unwrap().unwrap();
    let (_, certificate) = x509_parser::certificate::X509Certificate::from_der(&pem.contents).unwrap();
    let key = certificate.public_key().subject_public_key.data.as_ref();
    let node = &reply.body[start..end];
    UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key).verify(node, &signature).unwrap();
    node
}

fn holds(bytes: &[u8], nick_name: &[u8]) -> bool {
    let member = [b"\"nick_name\":\"", nick_name, b"\""].concat();
    bytes.windows(member.len()).any(|window| window == member)
}

#[tokio::test]
async fn an_answer_is_written_and_signed_in_the_charset_of_the_request() {
    let simulator = start().await;
    for (charset, user, nick_name) in [
        ("utf-8", "zhangsan", "张三".as_bytes()),
        ("utf8", "ji", "𠮷".as_bytes()),
        ("gbk", "zhangsan", b"\xd5\xc5\xc8\xfd"),
        ("gbk", "jiong", b"\x87\xe5"),
        ("gbk", "ji", b"?"),
        ("gb2312", "zhangsan", b"\xd5\xc5\xc8\xfd"),
        ("gb2312", "jiong", b"?"),
    ] {
        let reply = profile(&simulator, charset, user).await;
        let named = if charset == "utf8" { "utf-8" } else { charset };
        assert_eq!(reply.headers["content-type"], format!("text/html;charset={named}"));
        assert!(holds(signed_node(&simulator, &reply), nick_name), "{charset} {user}");
    }
}

#[tokio::test]
async fn a_request_that_announces_nothing_is_read_and_answered_in_gbk() {
    let simulator = start().await;
    let token = access_token_of(&simulator, "zhangsan").await;
    let call =
        Call { content_type: "application/x-www-form-urlencoded".to_owned(), ..Call::info(simulator.app(), &token) };
    let mut hidden = call.clone().without("charset");
    hidden.body.push(("charset".to_owned(), "utf-8".to_owned()));
    for call in [call.without("charset"), hidden.clone()] {
        let reply = call.send(&simulator).await;
        assert_eq!(reply.headers["content-type"], "text/html;charset=gbk");
        assert!(holds(signed_node(&simulator, &reply), b"\xd5\xc5\xc8\xfd"));
    }
    // What the client signed as UTF-8 is something else in GBK, or nothing.
    hidden.body.push(("remark".to_owned(), "乗".to_owned()));
    let reply = hidden.send(&simulator).await;
    assert_eq!(simulator.requests().last().unwrap().outcome(), "isv.invalid-parameter", "{:?}", reply.headers);
}

#[tokio::test]
async fn a_signature_is_over_the_bytes_of_the_charset() {
    let simulator = start().await;
    let code = code_of(&simulator, "lilei");
    let call = Call::token(simulator.app(), &code).with("charset", "gbk");
    let call = Call { content_type: "application/x-www-form-urlencoded;charset=gbk".to_owned(), ..call };
    let to_sign = call.clone().with("remark", "?").string_to_sign();
    let (before, after) = to_sign.split_once("remark=?").unwrap();
    let of = |remark: &[u8]| sign_bytes(&call.key, &[before.as_bytes(), b"remark=", remark, after.as_bytes()].concat());
    for (sign, outcome) in [(of("张三".as_bytes()), "isv.invalid-signature"), (of(b"\xd5\xc5\xc8\xfd"), "ok")] {
        let (url, body) = call.clone().with("sign", &sign).url_and_body(&simulator.gateway_url());
        let body = format!("{body}&remark=%D5%C5%C8%FD");
        send("POST", &url, Some(&call.content_type), body.as_bytes()).await.unwrap();
        assert_eq!(simulator.requests().last().unwrap().outcome(), outcome);
    }
    assert_eq!(simulator.requests().last().unwrap().body_parameter("remark"), Some("张三"));
}

#[tokio::test]
async fn gbk_can_be_had_where_utf_8_was_asked_for() {
    let simulator = start().await;
    simulator.set_fault(Fault::InGbk);
    let reply = profile(&simulator, "utf-8", "zhangsan").await;
    assert_eq!(reply.headers["content-type"], "text/html;charset=gbk");
    assert!(holds(signed_node(&simulator, &reply), b"\xd5\xc5\xc8\xfd"));
}
