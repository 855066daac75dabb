//! Certificates that are renewed while people sign in.

use vestibule_alipay_simulator::{Authority, IssuedCertificate, LeafRequest, RsaKey, Simulator};

/// A further key and certificate of the application, known to Alipay beside the one that it has.
pub(crate) fn new_app_certificate(simulator: &Simulator) -> (RsaKey, IssuedCertificate) {
    let (app, key) = (simulator.app(), RsaKey::generate().unwrap());
    let issued = Authority::shared().unwrap().issue(&LeafRequest::app(app.pid(), app.app_id()), &key).unwrap();
    simulator.register_app_certificate(app.app_id(), issued.certificate().clone()).unwrap();
    (key, issued)
}

/// A further key and certificate of Alipay's, which signs nothing yet.
pub(crate) fn new_alipay_certificate(simulator: &Simulator) -> (RsaKey, IssuedCertificate) {
    let key = RsaKey::generate().unwrap();
    let issued = Authority::shared().unwrap().issue(&LeafRequest::alipay(simulator.app().pid()), &key).unwrap();
    (key, issued)
}

/// The serial number of the application's certificate that the last request named.
pub(crate) fn used_app_certificate(simulator: &Simulator) -> String {
    let requests = simulator.requests();
    requests.last().unwrap().parameter("app_cert_sn").unwrap().to_owned()
}
