//! A person who needs no browser: walks a sign-in through the demonstration's pages, as a check of a fresh machine.

use std::collections::BTreeMap;

use vestibule::{Error, HttpClient, HttpRequest, HttpResponse, Result, Url};

/// Begins at `login` (`/login/{owner}/{provider}`), agrees to whatever the simulator's page asks, and returns the page at which it ends, `/me`.
///
/// # Errors
/// What stopped the walk, with the page at which it happened.
pub async fn sign_in(http: &dyn HttpClient, login: &Url) -> Result<String> {
    let mut cookies = BTreeMap::new();
    let to_upstream = redirect(login, &get(http, login, &mut cookies).await?)?;
    let page = get(http, &to_upstream, &mut BTreeMap::new()).await?;
    let form = form_action(&String::from_utf8_lossy(&page.body))
        .ok_or_else(|| Error::internal(format!("the simulator's page has no form (status {})", page.status)))?;
    let mut fields: Vec<(String, String)> = to_upstream.query_pairs().into_owned().collect();
    fields.extend([("user".to_owned(), "zhangsan".to_owned()), ("decision".to_owned(), "agree".to_owned())]);
    let fields = fields.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let form = join(&to_upstream, &form)?;
    let callback = redirect(&form, &http.send(HttpRequest::post_form(form.clone(), fields)).await?)?;
    let landing = redirect(&callback, &get(http, &callback, &mut cookies).await?)?;
    let landed = get(http, &landing, &mut cookies).await?;
    let page = String::from_utf8_lossy(&landed.body).into_owned();
    if landed.status == 200 { Ok(page) } else { Err(stopped(&landing, landed.status)) }
}

/// The text of the element with this id, in a page of ours.
pub fn text_of(page: &str, id: &str) -> Option<String> {
    let (_, rest) = page.split_once(&format!("id=\"{id}\""))?;
    let (_, rest) = rest.split_once('>')?;
    rest.split_once('<').map(|(text, _)| text.trim().to_owned())
}

async fn get(http: &dyn HttpClient, url: &Url, cookies: &mut BTreeMap<String, String>) -> Result<HttpResponse> {
    let mut request = HttpRequest::get(url.clone());
    if !cookies.is_empty() {
        let cookies: Vec<_> = cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        request = request.header("cookie", &cookies.join("; "));
    }
    let response = http.send(request).await?;
    for (_, value) in response.headers.iter().filter(|(name, _)| name == "set-cookie") {
        if let Some((name, value)) = value.split(';').next().and_then(|pair| pair.split_once('=')) {
            cookies.insert(name.trim().to_owned(), value.trim().to_owned());
        }
    }
    Ok(response)
}

fn redirect(from: &Url, response: &HttpResponse) -> Result<Url> {
    match response.header("location").filter(|_| (300..400).contains(&response.status)) {
        Some(location) => join(from, location),
        None => Err(stopped(from, response.status)),
    }
}

fn join(from: &Url, to: &str) -> Result<Url> {
    from.join(to).map_err(|error| Error::internal("the walk was sent to something that is no url").caused_by(error))
}

fn stopped(at: &Url, status: u16) -> Error {
    Error::internal(format!("the walk stopped at {} with status {status}", at.path()))
}

fn form_action(page: &str) -> Option<String> {
    let (_, rest) = page.split_once("<form method=\"post\" action=\"")?;
    rest.split_once('"').map(|(action, _)| action.replace("&amp;", "&"))
}
