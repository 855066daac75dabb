//! The people who can sign in.

/// A person with an Alipay account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TestUser {
    /// Short name in page and API: `[a-z0-9-]+`.
    pub key: String,
    /// Id of the person within the application: letters and digits, not a number.
    pub open_id: String,
    /// The account's id, `2088` and twelve digits; applications registered since 2023 do not get it.
    pub user_id: Option<String>,
    /// Id of the person within a group of applications.
    pub union_id: Option<String>,
    /// The nickname, which a person may have left empty.
    pub nick_name: Option<String>,
    /// Whether there is a picture; it is served by the simulator.
    pub avatar: Avatar,
    /// Province, in Chinese.
    pub province: Option<String>,
    /// City, in Chinese.
    pub city: Option<String>,
    /// `m` or `f`: the documentation says capitals, the gateway sends small letters.
    pub gender: Option<String>,
}

/// The picture of a [`TestUser`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Avatar {
    /// None was uploaded.
    Absent,
    /// A disc with the nickname's first character.
    Initial,
}

impl TestUser {
    /// A person of whom only the `open_id` is known.
    #[must_use]
    pub fn new(key: &str, open_id: &str) -> Self {
        Self {
            key: key.to_owned(),
            open_id: open_id.to_owned(),
            user_id: None,
            union_id: None,
            nick_name: None,
            avatar: Avatar::Absent,
            province: None,
            city: None,
            gender: None,
        }
    }

    /// The people of every simulator:
    ///
    /// - `zhangsan`: 张三, with avatar, `open_id` and `user_id`, as an older application sees people;
    /// - `lilei`: with `open_id`, `user_id` and `union_id`;
    /// - `hanmeimei`: `open_id` only, as a new application sees people;
    /// - `wuming`: `open_id` only, and no profile at all: every field of a profile may be absent;
    /// - `jiong`: 囧, which GBK has and GB2312 has not;
    /// - `ji`: 𠮷, which neither has;
    /// - `braces`: a nickname made of what separates the parts of a gateway's answer.
    #[must_use]
    pub fn all() -> Vec<Self> {
        let some = |text: &str| Some(text.to_owned());
        vec![
            Self {
                user_id: some("2088102104794936"),
                nick_name: some("张三"),
                avatar: Avatar::Initial,
                province: some("浙江省"),
                city: some("杭州市"),
                gender: some("m"),
                ..Self::new("zhangsan", "074a1CcTG1LelxKe4xQC0zgNdId0nxi95b5lsNpazWYoC01")
            },
            Self {
                user_id: some("2088202867320044"),
                union_id: some("01f2b8Uq9sZyYd3oLlPpU7ndWkR5xGmeq4tT0hVZcXa6E02"),
                nick_name: some("Li Lei"),
                avatar: Avatar::Initial,
                gender: some("m"),
                ..Self::new("lilei", "083kQmU5b2VtYdR8pLw1ZsNxJc7GfHa6eTo0XiKq4yBvC02")
            },
            Self {
                nick_name: some("韩梅梅"),
                avatar: Avatar::Initial,
                city: some("上海市"),
                gender: some("f"),
                ..Self::new("hanmeimei", "091tXyN4w7QeLrU2kMz5BdVhPa8JsGc3fWo6ZiRb0TnYC03")
            },
            Self::new("wuming", "0a5pWnE9x1GsKtV6jLc2RfYhQb7MdZu3aHo8XiJr4BmUC04"),
            Self { nick_name: some("囧"), ..Self::new("jiong", "0c9rKwJ4e6BpXmT8sQv1YdNfUg3ZaLh5kMo7RiCt2WyHC06") },
            Self { nick_name: some("𠮷"), ..Self::new("ji", "0d1tMyL6g8DrZoV2uSx3AfPhWi5BcNj7mQo9TkEv4YaJC07") },
            Self {
                user_id: some("2088302451178805"),
                nick_name: some(r#"}"a{\","sign":"x=/+&<b>😀"#),
                ..Self::new("braces", "0b7mZqD2c8HrJtW5kNx4SgTfPe9LyVu1aKo6YiBb3GnRC05")
            },
        ]
    }

    /// What the page calls the person.
    pub(crate) fn display_name(&self) -> &str {
        self.nick_name.as_deref().unwrap_or(&self.key)
    }
}
