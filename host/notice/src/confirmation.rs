//! Whether an address wants to be told: the one mail that goes there before it says so.

use jiff::tz::TimeZone;
use minijinja::HtmlEscape;

use crate::limits;
use crate::safe::line;
use crate::subject::tag;
use crate::templates::Rendered;
use crate::tenant::shown;
use crate::time::moment;

/// What is asked, and by whom.
#[derive(Clone, Debug)]
pub struct Confirmation {
    /// Whose incidents they are.
    pub tenant: String,
    /// Who has named the address, as they are called.
    pub author: String,
    /// When, in ns since 1970.
    pub named: i64,
    /// What confirms it.
    pub token: String,
    /// Until when it does, in ns since 1970.
    pub expires: i64,
    /// In which times are shown.
    pub zone: TimeZone,
}

/// The words of such a mail; cannot fail. No operator's template makes them: they are for people who have never heard of it.
///
/// There is no link in it: programs that look into mails open links, and would confirm by that.
pub fn confirmation(asked: &Confirmation) -> Rendered {
    let tenant = shown(&asked.tenant);
    let author = match line(&asked.author, limits::NAME) {
        author if author.is_empty() => "somebody who runs it".into(),
        author => format!("\"{author}\""),
    };
    let (named, expires) = (moment(asked.named, &asked.zone), moment(asked.expires, &asked.zone));
    let token = line(&asked.token, limits::NAME);
    let what = format!(
        "{author} has asked Tripline, which watches logs, to mail security incidents{tenant} to this address ({named})."
    );
    let until = "Nothing else comes here until that is confirmed.";
    let how = "If you want these mails, run this, or give it to whoever runs the server:";
    let command = format!("tripline tenant confirm --token {token}");
    let server = "On another machine than the server add --server and its address. It holds once.";
    let over = format!("It holds until {expires}; after that nothing has to be done to be left alone.");
    let not = "If you do not know what this is, somebody may have mistyped an address: do nothing, and do not pass \
               this mail on. Whoever has the line above can confirm in your place.";
    let text = format!("{what}\n{until}\n\n{how}\n\n    {command}\n\n{server}\n{over}\n\n{not}\n");
    let html = HTML
        .replace("{what}", &escaped(&what))
        .replace("{until}", until)
        .replace("{how}", how)
        .replace("{server}", server)
        .replace("{over}", &escaped(&over))
        .replace("{not}", not)
        // What others have written goes in last, and is looked at no more.
        .replace("{command}", &escaped(&command));
    Rendered {
        subject: format!("{} Is this address to be told of incidents?", tag(&asked.tenant)),
        text,
        html,
    }
}

/// Braces of strangers stay what they are.
fn escaped(text: &str) -> String {
    HtmlEscape(text).to_string().replace('{', "&#123;").replace('}', "&#125;")
}

const HTML: &str = r#"<!DOCTYPE html>
<html lang="en" style="color-scheme:light dark">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="format-detection" content="telephone=no,date=no,address=no,email=no,url=no">
<title>Is this address to be told of incidents?</title>
</head>
<body style="margin:0;padding:16px;font-family:system-ui,-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif;font-size:16px;line-height:1.45">
<div style="max-width:600px;margin:0 auto;overflow-wrap:anywhere;word-break:break-word">
<p>{what}<br>{until}</p>
<p>{how}</p>
<div style="margin:16px 0;padding:8px 10px;border:1px solid rgba(128,128,128,.4);border-radius:4px;font-family:ui-monospace,Menlo,Consolas,'DejaVu Sans Mono',monospace;font-size:13px;line-height:1.6">{command}</div>
<p>{server}<br>{over}</p>
<p style="padding-top:10px;border-top:1px solid rgba(128,128,128,.4);font-size:13px;opacity:.75">{not}</p>
</div>
</body>
</html>
"#;
