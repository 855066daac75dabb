//! Applications without certificates, and applications that sign with SHA-1.

use aws_lc_rs::signature::{
    RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey, VerificationAlgorithm,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use vestibule_alipay_simulator::{AppRegistration, RsaKey, SharedKey, SignType, Simulator};
use x509_parser::{prelude::FromDer as _, x509::SubjectPublicKeyInfo};

use crate::client::{Call, Reply, code_of, cut, start_with};

fn registered(app: SharedKey, alipay: SharedKey) -> AppRegistration {
    let key = |which| RsaKey::shared(which).unwrap();
    AppRegistration::simulated().unwrap().in_public_key_mode(key(app), key(alipay))
}

/// Whether the answer is signed by the public key that the console shows.
fn is_authentic(app: &AppRegistration, reply: &Reply, algorithm: &'static dyn VerificationAlgorithm) -> bool {
    let info = STANDARD.decode(app.key_material().alipay_public_key).unwrap();
    let (_, info) = SubjectPublicKeyInfo::from_der(&info).unwrap();
    let answer = cut(reply.text());
    assert_eq!(answer.cert_sn, None, "{}", reply.text());
    UnparsedPublicKey::new(algorithm, info.subject_public_key.data.as_ref())
        .verify(answer.node.as_bytes(), &STANDARD.decode(answer.sign.unwrap()).unwrap())
        .is_ok()
}

fn outcome(simulator: &Simulator) -> String {
    simulator.requests().last().unwrap().outcome().to_owned()
}

#[tokio::test]
async fn requests_and_answers_name_no_certificate() {
    let simulator = start_with(|builder| builder.app(registered(SharedKey::App, SharedKey::Alipay))).await;
    let app = simulator.app();
    let call = Call::token(app, &code_of(&simulator, "lilei"));
    assert!(!call.string_to_sign().contains("cert_sn"));
    let reply = call.clone().send(&simulator).await;
    assert_eq!(outcome(&simulator), "ok");
    assert!(is_authentic(app, &reply, &RSA_PKCS1_2048_8192_SHA256));

    let reply = call.clone().with("app_cert_sn", "00000000000000000000000000000000").send(&simulator).await;
    assert_eq!(outcome(&simulator), "isv.app-cert-not-exist");
    assert!(is_authentic(app, &reply, &RSA_PKCS1_2048_8192_SHA256));
    let strangers = Call { key: RsaKey::shared(SharedKey::Stranger).unwrap().pkcs8_der().to_vec(), ..call };
    strangers.send(&simulator).await;
    assert_eq!(outcome(&simulator), "isv.invalid-signature");
}

#[tokio::test]
async fn an_application_that_signs_with_sha1_is_answered_so() {
    for (app, alipay) in [(SharedKey::SmallApp, SharedKey::SmallAlipay), (SharedKey::App, SharedKey::Alipay)] {
        let simulator = start_with(|builder| builder.app(registered(app, alipay).signing(SignType::Rsa))).await;
        let call = Call::token(simulator.app(), &code_of(&simulator, "lilei")).with("sign_type", "RSA");
        let sign = simulator.app().app_key().sign(SignType::Rsa, call.string_to_sign().as_bytes()).unwrap();
        let reply = call.clone().with("sign", &sign).try_send(&simulator).await.unwrap();
        assert_eq!(outcome(&simulator), "ok", "{}", reply.text());
        assert!(is_authentic(simulator.app(), &reply, &RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY));

        call.with("sign", &sign).with("sign_type", "RSA2").try_send(&simulator).await.unwrap();
        assert_eq!(outcome(&simulator), "isv.missing-signature-config");
    }
}
