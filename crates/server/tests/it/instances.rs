//! Two servers on one database, behind one public URL: what one does, the other knows.

use std::time::UNIX_EPOCH;

use vestibule::Secret;
use vestibule::certs_store::{Edit, NewVersion, WhenStaged};
use vestibule_alipay_simulator::{Simulator, TOKEN_METHOD};
use vestibule_server::server::Server;
use vestibule_testkit::databases::{TestDatabase, on_every_database};

use crate::support::{
    APP_CERT, BY, Browser, House, ROOT_CERT, new_alipay_certificate, new_app_certificate, used_app_certificate,
};

/// How many callbacks race for one attempt.
const RACING: usize = 64;

on_every_database! {
    async fn an_app_certificate_switched_through_one_server_is_used_by_the_other_at_its_next_sign_in(database: TestDatabase) {
        let house = Instances::open(&database).await;
        house.everybody_signs_in().await;
        let first = used_app_certificate(house.simulator());
        let (key, issued) = new_app_certificate(house.simulator());
        let edit = Edit::of("admin", APP_CERT, BY);
        house.stage(&edit, &issued.pem(), &key.pkcs8_base64()).await;
        house.everybody_signs_in().await;
        assert_eq!(used_app_certificate(house.simulator()), first, "what is staged signs nothing");

        let authorize = house.browser(1).begin().await;
        house.simulator().agree(&authorize, "zhangsan").unwrap();
        house.server(0).vestibule().certs().switch(&edit).await.unwrap();
        house.signs_in(1).await;
        assert_eq!(used_app_certificate(house.simulator()), issued.certificate().sn());
        house.signs_in(0).await;
        assert_eq!(used_app_certificate(house.simulator()), issued.certificate().sn());
    }

    async fn alipays_certificate_is_renewed_and_nobody_fails(database: TestDatabase) {
        let house = Instances::open(&database).await;
        house.everybody_signs_in().await;
        let (key, issued) = new_alipay_certificate(house.simulator());
        let edit = Edit::of("admin", ROOT_CERT, BY);
        // The roots in the other field stay.
        house.stage(&edit, &issued.chain_pem(), "***").await;
        house.everybody_signs_in().await;

        // Somebody has agreed before Alipay changes, and comes back after it.
        let mut browser = house.browser(1);
        let authorize = browser.begin().await;
        let callback = house.simulator().agree(&authorize, "zhangsan").unwrap();
        let app_id = house.simulator().app().app_id().to_owned();
        house.simulator().rotate_alipay_certificate(&app_id, key, issued.clone(), UNIX_EPOCH).unwrap();
        assert_eq!(browser.callback(&callback).await.location().path(), "/me");
        house.everybody_signs_in().await;
        let registered = house.simulator().registration(&app_id).unwrap();
        assert_eq!(registered.alipay_certificate().certificate().sn(), issued.certificate().sn());

        house.server(0).vestibule().certs().switch(&edit).await.unwrap();
        house.everybody_signs_in().await;
    }

    async fn a_sign_in_begun_at_one_server_is_finished_at_the_other_and_counts_once_on_both(database: TestDatabase) {
        let house = Instances::open(&database).await;
        let mut browser = house.browser(0);
        let authorize = browser.begin().await;
        let callback = house.simulator().agree(&authorize, "zhangsan").unwrap();
        let cookies = browser.cookies().clone();

        let mut elsewhere = house.browser(1);
        elsewhere.put_cookies(cookies);
        assert_eq!(elsewhere.callback(&callback).await.location().path(), "/me");
        assert_eq!(elsewhere.get("/me").await.text_of("name").as_deref(), Some("张三"));
        let asked = house.simulator().requests().len();

        let again = browser.callback(&callback).await;
        assert_eq!(again.status, 400);
        assert!(again.body.contains("It was already finished"), "{}", again.body);
        assert_eq!(house.simulator().requests().len(), asked, "the code is not sent a second time");
        // The session that one server began is known at the other.
        browser.put_cookies(elsewhere.cookies().clone());
        assert_eq!(browser.get("/me").await.text_of("name").as_deref(), Some("张三"));
    }

    async fn of_many_callbacks_that_race_through_two_servers_one_signs_in(database: TestDatabase) {
        let house = Instances::open(&database).await;
        let mut browser = house.browser(0);
        let authorize = browser.begin().await;
        let callback = house.simulator().agree(&authorize, "zhangsan").unwrap();
        let racing: Vec<_> = (0..RACING)
            .map(|number| {
                let mut racer = house.browser(number % 2);
                racer.put_cookies(browser.cookies().clone());
                let callback = callback.clone();
                tokio::spawn(async move { racer.callback(&callback).await })
            })
            .collect();
        let mut signed_in = 0;
        for racer in racing {
            let answer = racer.await.unwrap();
            if answer.status == 303 {
                signed_in += 1;
            } else {
                assert_eq!(answer.status, 400, "{}", answer.body);
                assert!(answer.body.contains("It was already finished"), "{}", answer.body);
            }
        }
        assert_eq!(signed_in, 1);
        let codes = house.simulator().requests().iter().filter(|asked| asked.method() == Some(TOKEN_METHOD)).count();
        assert_eq!(codes, 1, "the code is sent once");
        let claims = database.query_texts("SELECT COUNT(*) FROM vestibule_used_attempt", &[]).await;
        assert_eq!(claims, [["1"]]);
    }

    async fn sign_ins_that_are_only_begun_leave_nothing_in_the_database(database: TestDatabase) {
        let house = Instances::open(&database).await;
        let claims = async || database.query_texts("SELECT COUNT(*) FROM vestibule_used_attempt", &[]).await;
        let mut browser = house.browser(0);
        for _ in 0..20 {
            browser.begin().await;
        }
        assert_eq!(claims().await, [["0"]]);
        // A callback that nobody has begun leaves nothing either.
        let invented = browser.get("/callback/acme/alipay?auth_code=x&state=c0ffee").await;
        assert_eq!(invented.status, 400);
        assert_eq!(claims().await, [["0"]]);
        house.signs_in(0).await;
        assert_eq!(claims().await, [["1"]]);
    }

    async fn the_master_key_is_rotated_while_people_sign_in_at_both_servers(database: TestDatabase) {
        let house = Instances::open(&database).await;
        house.everybody_signs_in().await;
        let former = house.server(0).vestibule().keyring().key_id();
        let mut early = [house.browser(0), house.browser(1)];
        let mut callbacks = Vec::new();
        for browser in &mut early {
            let authorize = browser.begin().await;
            callbacks.push(house.simulator().agree(&authorize, "zhangsan").unwrap());
        }

        let rotated = std::cell::Cell::new(false);
        let rotate = async {
            let said = house.house.succeeds(&["keys", "rotate"]).await;
            rotated.set(true);
            said
        };
        let sign_in_meanwhile = async {
            let mut times = 0;
            while !rotated.get() {
                house.everybody_signs_in().await;
                times += 1;
            }
            times
        };
        let (said, times) = tokio::join!(rotate, sign_in_meanwhile);
        assert!(said.contains("is new in") && said.contains(" rows sealed anew"), "{said}");
        assert!(times > 0);

        for (browser, callback) in early.iter_mut().zip(&callbacks) {
            assert_eq!(browser.callback(callback).await.location().path(), "/me");
        }
        house.everybody_signs_in().await;
        let list = house.house.succeeds(&["keys", "list"]).await;
        assert!(list.contains(&format!("{former}  opens, 0 stored values")), "{list}");
        for table in ["vestibule_cert", "vestibule_cert_version"] {
            let old = format!("SELECT COUNT(*) FROM {table} WHERE private_key LIKE ?");
            let old = database.query_texts(&old, &[(&format!("vsealed:1:{former}:%")).into()]).await;
            assert_eq!(old, [["0"]]);
        }

        // Without the former key everything goes on.
        house.house.succeeds(&["keys", "remove", &former]).await;
        house.everybody_signs_in().await;
        let fresh = house.house.another_server().await;
        let mut browser = Browser::new(house.server(0).public_url().as_url()).served_by(fresh.address());
        browser.sign_in(house.simulator(), "zhangsan").await;
    }
}

/// Two servers.
struct Instances {
    house: House,
    second: Server,
}

impl Instances {
    async fn open(database: &TestDatabase) -> Self {
        let house = House::open_on(database).await;
        let second = house.another_server().await;
        Self { house, second }
    }

    fn server(&self, number: usize) -> &Server {
        if number == 0 { &self.house.server } else { &self.second }
    }

    fn simulator(&self) -> &Simulator {
        &self.house.simulator
    }

    /// A browser that has not been here yet, and whose requests go to this server.
    fn browser(&self, server: usize) -> Browser {
        self.house.browser().served_by(self.server(server).address())
    }

    async fn signs_in(&self, server: usize) {
        self.browser(server).sign_in(self.simulator(), "zhangsan").await;
    }

    /// A person at each server.
    async fn everybody_signs_in(&self) {
        for server in 0..2 {
            self.signs_in(server).await;
        }
    }

    /// Stages a version through the first server.
    async fn stage(&self, edit: &Edit<'_>, certificate: &str, private_key: &str) {
        let version = NewVersion { certificate: certificate.to_owned(), private_key: Some(Secret::new(private_key)) };
        self.server(0).vestibule().certs().stage(edit, version, WhenStaged::Refuse).await.unwrap();
    }
}
