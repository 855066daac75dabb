//! The walk in a real browser: the demonstration's address, the button, the Alipay, and who somebody is.

use std::path::Path;

use fantoccini::Locator;
use vestibule::Url;

use crate::support::{Chromium, Page, Program};

/// Screens on which the pages are looked at: a desk's and a telephone's.
const SCREENS: [(u32, u32); 2] = [(1280, 800), (390, 844)];

#[tokio::test]
async fn in_a_real_browser_a_person_refuses_finds_the_way_back_agrees_and_sees_who_they_are() {
    let Some(chromium) = Chromium::start("the walk in a real browser").await else { return };
    let folder = tempfile::tempdir().unwrap();
    let demo = Program::demo(folder.path()).await;
    let (page, address) = (chromium.page(), demo.url().clone());
    // In a task of its own, so that the browser is closed after a failure too.
    let walked = tokio::spawn(async move {
        page.open(&address).await;
        refuse_and_find_the_way_back(&page, &address).await;
        agree_and_see_who_you_are(&page, &address).await;
        sign_out(&page, &address).await;
    });
    let walked = walked.await;
    chromium.close().await;
    if let Err(failed) = walked {
        std::panic::resume_unwind(failed.into_panic());
    }
    let (status, _) = demo.stop().await;
    assert!(status.success(), "{status}");
    assert!(std::fs::read_dir(folder.path()).unwrap().next().is_none(), "the demonstration keeps nothing");
}

async fn refuse_and_find_the_way_back(page: &Page, address: &Url) {
    page.press(Locator::LinkText("Sign in with Alipay")).await;
    page.press(Locator::Id("refuse")).await;
    let reference = page.text_of("reference").await;
    assert_eq!(reference.len(), 9, "{reference}");
    let sentence = page.value_of("document.querySelector('.advice').textContent").await;
    assert!(sentence.as_str().unwrap().starts_with("You did not agree to share your account"), "{sentence}");
    let complaints = complaints_about(page, address).await;
    // The browser reports the page's status, so what it reports is what we see.
    assert!(complaints.len() == 1 && complaints[0].contains("403"), "{complaints:?}");
    look_at(page, "refused").await;

    page.press(Locator::Id("back")).await;
    assert_eq!(page.url().await.path(), "/");
    assert!(complaints_about(page, address).await.is_empty());
    look_at(page, "front").await;
}

async fn agree_and_see_who_you_are(page: &Page, address: &Url) {
    page.press(Locator::LinkText("Sign in with Alipay")).await;
    page.press(Locator::Id("user-zhangsan")).await;
    look_at(page, "simulator").await;
    page.press(Locator::Id("agree")).await;
    assert_eq!(page.text_of("name").await, "张三");
    assert_eq!(page.url().await.path(), "/me");
    assert_eq!(page.text_of("subject").await, "074a1CcTG1LelxKe4xQC0zgNdId0nxi95b5lsNpazWYoC01");
    assert_eq!(page.text_of("subject-kind").await, "open_id");
    assert_eq!(page.text_of("row").await, "demo/alipay");
    let width = page.value_of("document.getElementById('avatar').naturalWidth").await;
    assert!(width.as_u64().unwrap() > 0, "the avatar is loaded");
    assert_eq!(complaints_about(page, address).await, Vec::<String>::new());
    look_at(page, "me").await;
}

async fn sign_out(page: &Page, address: &Url) {
    page.press(Locator::Id("sign-out")).await;
    page.press(Locator::LinkText("Sign in with Alipay")).await;
    assert!(page.text_of("agree").await.contains("Agree"));
    assert_eq!(complaints_about(page, address).await, Vec::<String>::new());
}

/// What the browser complained of in our own pages; the simulator's are its own.
async fn complaints_about(page: &Page, address: &Url) -> Vec<String> {
    let mut complaints = page.complaints().await;
    complaints.retain(|complaint| complaint.contains(address.as_str()));
    complaints
}

/// No page is wider than its screen. With `VESTIBULE_SCREENSHOTS` set, pictures are put into the target folder.
async fn look_at(page: &Page, name: &str) {
    for (width, height) in SCREENS {
        page.resize(width, height).await;
        let needed = page.value_of("document.documentElement.scrollWidth").await;
        assert!(needed.as_u64().unwrap() <= u64::from(width), "{name} needs {needed} of {width} pixels");
        if std::env::var_os("VESTIBULE_SCREENSHOTS").is_some() {
            let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("screenshots");
            std::fs::create_dir_all(&folder).unwrap();
            for scheme in ["light", "dark"] {
                page.prefer(scheme).await;
                std::fs::write(folder.join(format!("{name}-{width}-{scheme}.png")), page.screenshot().await).unwrap();
            }
        }
    }
    let [(width, height), _] = SCREENS;
    page.resize(width, height).await;
}
