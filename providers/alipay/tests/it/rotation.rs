//! Certificates that are rotated while people sign in, against the simulator.

use vestibule_alipay_simulator::{AppRegistration, Authority, LeafRequest, Material, RsaKey, SharedKey};
use vestibule_oauth_provider::{ErrorKind, VersionState};

use crate::house::{app, guide, now};
use crate::world::World;

#[tokio::test]
async fn alipays_certificate_is_rotated_and_nobodys_sign_in_fails() {
    let mut world = World::with(r#""subject":"open_id""#).await;
    let (old, key) = (app().material(), RsaKey::shared(SharedKey::Stranger).unwrap());
    let request = LeafRequest::alipay(AppRegistration::DEFAULT_PID);
    let issued = Authority::shared().unwrap().issue(&request, &key).unwrap();
    let new = Material { alipay_cert: issued.chain_pem(), ..old.clone() };

    let staged = guide(&old).with_version("root-cert", VersionState::Next, &new.alipay_cert, &old.alipay_root_cert);
    world.stored(staged).await;
    let (begun_before, back) = world.callback("zhangsan").await;
    assert!(world.sign_in("zhangsan").await.is_ok(), "staged");
    world.simulator.rotate_alipay_certificate(AppRegistration::DEFAULT_APP_ID, key, issued, now()).unwrap();
    assert!(world.sign_in("zhangsan").await.is_ok(), "rotated at Alipay");
    assert!(world.finish(begun_before, back.query().unwrap()).await.is_ok(), "begun before, completed after");

    let switched =
        guide(&new).with_version("root-cert", VersionState::Retired, &old.alipay_cert, &old.alipay_root_cert);
    world.stored(switched).await;
    assert!(world.sign_in("zhangsan").await.is_ok(), "switched");

    world.stored(guide(&old)).await;
    let error = world.sign_in("zhangsan").await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Signature, "without the new version: {error}");
}

#[tokio::test]
async fn the_app_certificate_is_rotated_and_requests_name_the_active_one() {
    let mut world = World::with(r#""subject":"open_id""#).await;
    let (old, key) = (app().material(), RsaKey::shared(SharedKey::Stranger).unwrap());
    let request = LeafRequest::app(AppRegistration::DEFAULT_PID, AppRegistration::DEFAULT_APP_ID);
    let issued = Authority::shared().unwrap().issue(&request, &key).unwrap();
    let new = Material { app_cert: issued.pem(), app_private_key: key.pkcs8_base64(), ..old.clone() };
    let certificate = issued.certificate().clone();
    world.simulator.register_app_certificate(AppRegistration::DEFAULT_APP_ID, certificate).unwrap();

    let old_sn = app().app_certificate().certificate().sn().to_owned();
    for (certs, sn) in [
        (guide(&old).with_version("app-cert", VersionState::Next, &new.app_cert, ""), old_sn.as_str()),
        (guide(&new).with_version("app-cert", VersionState::Retired, &old.app_cert, ""), issued.certificate().sn()),
        (guide(&old).with_version("app-cert", VersionState::Next, &new.app_cert, ""), old_sn.as_str()),
    ] {
        world.stored(certs).await;
        assert!(world.sign_in("zhangsan").await.is_ok());
        assert_eq!(world.simulator.requests().last().unwrap().query_parameter("app_cert_sn"), Some(sn));
    }
}
