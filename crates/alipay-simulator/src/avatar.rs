//! Pictures of the test users, drawn.

use crate::user::TestUser;

/// An SVG picture: a disc with the first letter of the nickname.
pub(crate) fn svg(user: &TestUser) -> String {
    let initial: String = user
        .display_name()
        .chars()
        .find(|letter| letter.is_alphanumeric())
        .map_or_else(|| "?".to_owned(), |letter| letter.to_uppercase().collect());
    let colours = ["#1677ff", "#13a8a8", "#d4380d", "#722ed1", "#389e0d", "#c41d7f"];
    let pick = user.open_id.bytes().fold(0_usize, |sum, byte| sum + usize::from(byte)) % colours.len();
    let colour = colours.get(pick).copied().unwrap_or("#1677ff");
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"128\" height=\"128\" viewBox=\"0 0 128 128\">\
         <rect width=\"128\" height=\"128\" fill=\"{colour}\"/>\
         <text x=\"64\" y=\"84\" font-family=\"sans-serif\" font-size=\"58\" text-anchor=\"middle\" fill=\"#fff\">{initial}</text></svg>"
    )
}
