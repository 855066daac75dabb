//! Each misbehaviour on demand, as it comes over the wire.

use std::{io::Read as _, time::Duration};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};
use vestibule_alipay_simulator::{Fault, INFO_METHOD, Simulator, TOKEN_METHOD};

use crate::client::{Call, Reply, access_token_of, code_of, cut, head, is_authentic, send, start};

const TOKEN_NODE: &str = "alipay_system_oauth_token_response";

/// Redeems a fresh code under the fault.
async fn spoilt(simulator: &Simulator, fault: Fault) -> Reply {
    let code = code_of(simulator, "lilei");
    simulator.set_fault(fault);
    let reply = Call::token(simulator.app(), &code).send(simulator).await;
    simulator.clear_fault();
    reply
}

#[tokio::test]
async fn a_signature_can_be_spoilt_in_every_way() {
    let simulator = start().await;
    let app = simulator.app();
    let sn = Some(app.alipay_certificate().certificate().sn());

    for fault in [Fault::OneByteChanged, Fault::SignedByAnotherKey] {
        let reply = spoilt(&simulator, fault.clone()).await;
        assert!(reply.json()[TOKEN_NODE]["access_token"].is_string(), "{fault:?} leaves the JSON in order");
        let answer = cut(reply.text());
        assert!(answer.cert_sn == sn && answer.sign.is_some() && !is_authentic(app, &answer), "{fault:?}");
    }

    let reply = spoilt(&simulator, Fault::UnsignedSuccess).await;
    let answer = cut(reply.text());
    assert!(answer.sign.is_none() && answer.cert_sn.is_none() && answer.node.contains("access_token"));

    let reply = spoilt(&simulator, Fault::NoCertSn).await;
    let answer = cut(reply.text());
    assert!(answer.cert_sn.is_none() && is_authentic(app, &answer));

    let reply = spoilt(&simulator, Fault::OtherCertSn).await;
    let answer = cut(reply.text());
    assert!(answer.cert_sn.is_some_and(|other| other.len() == 32 && Some(other) != sn) && is_authentic(app, &answer));
}

#[tokio::test]
async fn the_shape_of_an_answer_can_be_spoilt() {
    let simulator = start().await;
    let app = simulator.app();

    let reply = spoilt(&simulator, Fault::WrongNode).await;
    let answer = cut(reply.text());
    assert!(answer.name == "alipay_user_info_share_response" && is_authentic(app, &answer));

    let reply = spoilt(&simulator, Fault::DuplicateKey).await;
    assert_eq!(reply.text().matches(&format!("\"{TOKEN_NODE}\":")).count(), 2);

    let reply = spoilt(&simulator, Fault::Truncated).await;
    assert!(reply.text().starts_with('{') && serde_json::from_slice::<serde_json::Value>(&reply.body).is_err());

    let reply = spoilt(&simulator, Fault::EmptyBody).await;
    assert!(reply.status == 200 && reply.body.is_empty());

    let reply = spoilt(&simulator, Fault::MembersReordered).await;
    assert!(reply.text().starts_with("{\"sign\":"));
    assert!(reply.json()[TOKEN_NODE]["access_token"].is_string());
}

#[tokio::test]
async fn http_itself_can_be_spoilt() {
    let simulator = start().await;

    let reply = spoilt(&simulator, Fault::Html).await;
    assert!(reply.status == 502 && reply.text().contains("Bad Gateway"));

    let reply = spoilt(&simulator, Fault::Redirect).await;
    assert_eq!(reply.status, 302);
    assert_eq!(simulator.elsewhere_visits(), 0);
    send("GET", &reply.headers["location"].parse().unwrap(), None, b"").await.unwrap();
    assert_eq!(simulator.elsewhere_visits(), 1);

    let reply = spoilt(&simulator, Fault::TenMegabytes).await;
    assert_eq!(reply.body.len(), 10_000_000);
    assert!(is_authentic(simulator.app(), &cut(reply.text().trim_end())));

    let reply = spoilt(&simulator, Fault::GzipBomb).await;
    assert_eq!(reply.headers["content-encoding"], "gzip");
    assert!(reply.body.len() < 1_000_000);
    let mut unpacked = Vec::new();
    flate2::read::GzDecoder::new(reply.body.as_slice()).take(2000).read_to_end(&mut unpacked).unwrap();
    assert!(is_authentic(simulator.app(), &cut(std::str::from_utf8(&unpacked).unwrap().trim_end())));

    let code = code_of(&simulator, "lilei");
    simulator.set_fault(Fault::CloseWithoutAnswer);
    assert!(Call::token(simulator.app(), &code).signed().try_send(&simulator).await.is_none());
}

#[tokio::test]
async fn an_error_can_be_ordered_and_leaves_the_code_unused() {
    let simulator = start().await;
    let code = code_of(&simulator, "lilei");
    let limited = Fault::GatewayError {
        code: "40005".to_owned(),
        sub_code: "isv.app-call-limited".to_owned(),
        sub_msg: "应用调用次数超限".to_owned(),
    };
    simulator.set_fault(limited.times(1));
    let reply = Call::token(simulator.app(), &code).send(&simulator).await;
    assert_eq!(reply.json()[TOKEN_NODE]["msg"], "Call Limited");
    assert!(is_authentic(simulator.app(), &cut(reply.text())));

    simulator.set_fault(Fault::UnsignedError.times(1));
    let reply = Call::token(simulator.app(), &code).send(&simulator).await;
    assert_eq!(reply.json()["error_response"]["sub_code"], "isp.unknow-error");
    assert!(cut(reply.text()).sign.is_none());

    let reply = Call::token(simulator.app(), &code).send(&simulator).await;
    assert!(reply.json()[TOKEN_NODE]["access_token"].is_string());
    let outcomes: Vec<String> = simulator.requests().iter().map(|request| request.outcome().to_owned()).collect();
    assert_eq!(outcomes, ["isv.app-call-limited", "isp.unknow-error", "ok"]);
}

#[tokio::test]
async fn the_ids_of_an_answer_can_be_spoilt_under_a_good_signature() {
    let simulator = start().await;
    let app = simulator.app();
    simulator.set_fault(Fault::OtherUserInInfo);
    let code = code_of(&simulator, "lilei");
    let token = Call::token(app, &code).send(&simulator).await.json()[TOKEN_NODE].clone();
    let reply = Call::info(app, token["access_token"].as_str().unwrap()).send(&simulator).await;
    let info = reply.json()["alipay_user_info_share_response"].clone();
    assert!(is_authentic(app, &cut(reply.text())));
    for id in ["open_id", "user_id", "union_id"] {
        assert!(token[id].is_string() && info[id].is_string() && token[id] != info[id], "{id}");
    }

    let reply = spoilt(&simulator, Fault::MissingOpenId).await;
    assert!(is_authentic(app, &cut(reply.text())));
    let token = reply.json()[TOKEN_NODE].clone();
    assert!(token["open_id"].is_null() && token["user_id"].is_string());
}

#[tokio::test]
async fn a_fault_can_be_kept_to_one_method_and_a_number_of_times() {
    let simulator = start().await;
    simulator.set_fault(Fault::EmptyBody.on_method(INFO_METHOD));
    let token = access_token_of(&simulator, "lilei").await;
    assert!(Call::info(simulator.app(), &token).send(&simulator).await.body.is_empty());

    simulator.set_fault(Fault::EmptyBody.times(2).on_method(TOKEN_METHOD));
    assert!(!Call::info(simulator.app(), &token).send(&simulator).await.body.is_empty());
    for expected in [true, true, false] {
        let reply = Call::token(simulator.app(), "x").send(&simulator).await;
        assert_eq!(reply.body.is_empty(), expected);
    }
}

#[tokio::test]
async fn what_hangs_or_drips_does_not_hold_up_the_shutdown() {
    for fault in [Fault::Hang, Fault::SlowDrip] {
        let simulator = start().await;
        let call = Call::token(simulator.app(), &code_of(&simulator, "lilei")).signed();
        simulator.set_fault(fault.clone());
        let (url, body) = call.url_and_body(&simulator.gateway_url());
        let mut stream = TcpStream::connect(("127.0.0.1", url.port().unwrap())).await.unwrap();
        stream.write_all(&head("POST", &url, Some(&call.content_type), body.len())).await.unwrap();
        stream.write_all(body.as_bytes()).await.unwrap();
        let arrived = async {
            while simulator.requests().is_empty() {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), arrived).await.unwrap();
        if fault == Fault::SlowDrip {
            let mut first = [0; 12];
            stream.read_exact(&mut first).await.unwrap();
            assert_eq!(&first, b"HTTP/1.1 200");
        }
        let stopped = tokio::time::timeout(Duration::from_millis(1500), simulator.shutdown()).await;
        assert!(stopped.is_ok(), "{fault:?}");
        let mut rest = Vec::new();
        let _closed_either_way = stream.read_to_end(&mut rest).await;
        assert_eq!(rest.is_empty(), fault == Fault::Hang, "{fault:?}");
    }
}
