//! Turns an answer, and the fault that was ordered, into what goes over HTTP.

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use axum::{
    body::{Body, Bytes},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use flate2::{Compress, Compression, Crc, FlushCompress};
use futures_util::stream;
use serde_json::{Map, Value, json};

use crate::{
    charset::Charset,
    connection::Scissors,
    fault::Fault,
    gateway::{
        Judgement,
        answer::{Answer, Seal, Verdict, object},
        error::ApiError,
    },
    key::{RsaKey, SharedKey},
    random,
    state::World,
};

/// Content of [`Fault::TenMegabytes`] and of one block of the bomb.
const TEN_MEGABYTES: usize = 10_000_000;
const BOMB_BLOCK: usize = 1 << 20;
const BOMB_BLOCKS: usize = 128;

/// The judgement that stands in for the real one, if the fault is of that kind.
pub(crate) fn stand_in(fault: Option<&Fault>) -> Option<ApiError> {
    match fault? {
        Fault::UnsignedError => Some(ApiError::unavailable()),
        Fault::GatewayError { code, sub_code, sub_msg } => Some(ApiError::new(code, sub_code, sub_msg.clone())),
        _ => None,
    }
}

/// Writes the answer, spoilt by the fault.
pub(crate) async fn respond(
    world: &Arc<World>,
    judgement: &Judgement,
    fault: Option<Fault>,
    scissors: &Scissors,
) -> Response {
    let answer = Answer::to_judgement(judgement);
    let charset = answer.charset;
    let gateway_response = |body: Body| gateway_response(charset, body);
    let Some(fault) = fault else { return gateway_response(answer.bytes().into()) };
    match fault {
        Fault::GatewayError { .. } | Fault::InGbk => gateway_response(answer.bytes().into()),
        Fault::UnsignedError | Fault::UnsignedSuccess => gateway_response(Answer { seal: None, ..answer }.bytes().into()),
        Fault::OneByteChanged => gateway_response(Answer { node: one_byte_changed(&answer.node), ..answer }.bytes().into()),
        Fault::SignedByAnotherKey => gateway_response(resealed(judgement, answer, RsaKey::shared(SharedKey::Stranger).ok()).bytes().into()),
        Fault::NoCertSn => gateway_response(with_cert_sn(answer, None).bytes().into()),
        Fault::OtherCertSn => gateway_response(with_cert_sn(answer, random::hex(16).ok()).bytes().into()),
        Fault::MissingOpenId => gateway_response(with_ids(judgement, answer, &without_open_id).bytes().into()),
        Fault::OtherUserInInfo => gateway_response(with_ids(judgement, answer, &of_somebody_else).bytes().into()),
        Fault::WrongNode => {
            let node_name = judgement.method.map_or("error_response", |method| method.other().node());
            gateway_response(Answer { node_name, ..answer }.bytes().into())
        }
        Fault::DuplicateKey => {
            let mut members = answer.members();
            members.push(format!("\"{}\":{}", answer.node_name, one_byte_changed(&answer.node)));
            gateway_response(answer.object(&members).into())
        }
        Fault::MembersReordered => {
            let mut members = answer.members();
            members.reverse();
            gateway_response(answer.object(&members).into())
        }
        Fault::Truncated => {
            let mut bytes = answer.bytes();
            bytes.truncate(bytes.len() / 2);
            gateway_response(bytes.into())
        }
        Fault::EmptyBody => gateway_response(Body::empty()),
        Fault::TenMegabytes => {
            let mut bytes = answer.bytes();
            bytes.resize(TEN_MEGABYTES, b' ');
            gateway_response(bytes.into())
        }
        Fault::GzipBomb => {
            let mut response = gateway_response(gzip_bomb(&answer.bytes()).into());
            response.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
            response
        }
        Fault::Html => (
            StatusCode::BAD_GATEWAY,
            [(header::CONTENT_TYPE, "text/html")],
            "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body><center><h1>502 Bad Gateway</h1></center></body>\r\n</html>\r\n",
        )
            .into_response(),
        Fault::Redirect => (StatusCode::FOUND, [(header::LOCATION, world.base.join("elsewhere").map_or_else(|_| String::from("/elsewhere"), String::from))]).into_response(),
        Fault::CloseWithoutAnswer => {
            scissors.cut();
            Response::default()
        }
        Fault::Hang => {
            world.closed().await;
            scissors.cut();
            Response::default()
        }
        Fault::SlowDrip => gateway_response(drip(Arc::clone(world))),
    }
}

/// HTTP as the gateway speaks it: 200 whatever happened, JSON under the name of HTML, the id of the trace in a header.
fn gateway_response(charset: Charset, body: Body) -> Response {
    let mut response = Response::new(body);
    let content_type = match charset {
        Charset::Utf8 => "text/html;charset=utf-8",
        Charset::Gbk => "text/html;charset=gbk",
        Charset::Gb2312 => "text/html;charset=gb2312",
    };
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    if let Some(trace) = random::hex(16).ok().and_then(|trace| HeaderValue::try_from(trace).ok()) {
        response.headers_mut().insert("trace_id", trace);
    }
    response
}

/// Changes the last letter or digit, which leaves the JSON in order and the signature wrong.
fn one_byte_changed(node: &str) -> String {
    let Some(position) = node.rfind(|letter: char| letter.is_ascii_alphanumeric()) else { return format!(" {node}") };
    let (before, after) = node.split_at(position);
    let changed = if after.starts_with('0') { '1' } else { '0' };
    before.chars().chain([changed]).chain(after.chars().skip(1)).collect()
}

fn with_cert_sn(mut answer: Answer, sn: Option<String>) -> Answer {
    if let Some(seal) = &mut answer.seal {
        seal.alipay_cert_sn = sn;
    }
    answer
}

fn resealed(judgement: &Judgement, answer: Answer, key: Option<RsaKey>) -> Answer {
    let seal = match (judgement.app.as_deref(), key) {
        (Some(app), Some(key)) => Seal::by(app, &key, answer.charset, &answer.node),
        _ => None,
    };
    Answer { seal, ..answer }
}

/// Changes the ids of a success and signs the changed node properly. A refusal names nobody and stays.
fn with_ids(judgement: &Judgement, answer: Answer, change: &dyn Fn(&mut Map<String, Value>)) -> Answer {
    let (Verdict::Success(_), Some(app)) = (&judgement.verdict, judgement.app.as_deref()) else { return answer };
    let Ok(Value::Object(mut members)) = serde_json::from_str(&answer.node) else { return answer };
    change(&mut members);
    let members: Vec<(&str, Value)> = members.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
    let changed = Answer { node: object(&members), ..answer };
    resealed(judgement, changed, Some(app.alipay_key().clone()))
}

fn without_open_id(members: &mut Map<String, Value>) {
    members.remove("open_id");
}

fn of_somebody_else(members: &mut Map<String, Value>) {
    let others = [
        ("open_id", "0ffSomebodyElse7hK2mZqD8cTrJtW5kNx4SgfPe9LyVuC99"),
        ("user_id", "2088999999999999"),
        ("union_id", "0ffSomebodyElse1aKo6YiBb3GnR5q2c8HxJtW5kNzSgTfE99"),
    ];
    for (name, other) in others {
        if let Some(value) = members.get_mut(name) {
            *value = json!(other);
        }
    }
}

/// A gzip stream of `head` and [`BOMB_BLOCKS`] times [`BOMB_BLOCK`] spaces.
///
/// A fully flushed deflate block stands on a byte boundary and refers to nothing before it, so that one compressed block can be repeated: the
/// bomb costs as much work as its first megabyte.
fn gzip_bomb(head: &[u8]) -> Vec<u8> {
    static BLOCK: OnceLock<(Vec<u8>, Crc)> = OnceLock::new();
    let (block, block_crc) = BLOCK.get_or_init(|| {
        let spaces = vec![b' '; BOMB_BLOCK];
        let mut crc = Crc::new();
        crc.update(&spaces);
        (flushed_block(&spaces), crc)
    });
    let mut crc = Crc::new();
    crc.update(head);

    // RFC 1952: magic, deflate, no flags, no time, no extra flags, unknown system.
    let mut bomb = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
    bomb.extend(flushed_block(head));
    for _ in 0..BOMB_BLOCKS {
        bomb.extend_from_slice(block);
        crc.combine(block_crc);
    }
    // RFC 1951, section 3.2.6: a last block with fixed codes and nothing in it.
    bomb.extend([0x03, 0x00]);
    bomb.extend(crc.sum().to_le_bytes());
    bomb.extend(crc.amount().to_le_bytes());
    bomb
}

fn flushed_block(content: &[u8]) -> Vec<u8> {
    let mut compressed = Vec::with_capacity(content.len() + 1024);
    let outcome = Compress::new(Compression::best(), false).compress_vec(content, &mut compressed, FlushCompress::Full);
    debug_assert!(outcome.is_ok(), "a buffer of sufficient size takes the whole block");
    compressed
}

fn drip(world: Arc<World>) -> Body {
    let drops =
        stream::unfold((world, tokio::time::interval(Duration::from_millis(100))), async |(world, mut interval)| {
            tokio::select! {
                () = world.closed() => return None,
                _ = interval.tick() => {}
            }
            Some((Ok::<_, std::io::Error>(Bytes::from_static(b" ")), (world, interval)))
        });
    Body::from_stream(drops)
}

#[cfg(test)]
#[path = "spoil_tests.rs"]
mod tests;
