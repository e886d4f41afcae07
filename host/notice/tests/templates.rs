//! Operators' templates: what they can do, and what they cannot.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

use tripline_notice::{Part, RenderError, Templates, plain, sample};

#[track_caller]
fn refused(text: &str) -> RenderError {
    Templates::with(Some(text), None).err().expect("a template that is refused")
}

#[test]
fn an_operator_has_the_last_word_on_words() {
    let own = Templates::with(Some("{{ badge }}: {{ title }}\r\n{{ times }}"), None).unwrap();
    let rendered = own.render(&sample::notice()).unwrap();
    assert_eq!(rendered.text, "HIGH: Password guessing from 203.0.113.7\n47 times");
    assert!(rendered.html.contains("</html>"), "the other part is the built-in one");
}

#[test]
fn a_wrong_template_is_refused_with_its_line() {
    let broken = refused("one\ntwo {{ title\nthree");
    assert!(matches!(broken, RenderError::Wrong { part: Part::Text, line: Some(2 | 3), .. }), "{broken}");
    let unknown = refused("one\n{{ titel }}");
    assert!(matches!(unknown, RenderError::Wrong { part: Part::Text, line: Some(2), .. }), "{unknown}");
    assert!(unknown.to_string().starts_with("cannot use the text template, line 2: "), "{unknown}");
    let html = Templates::with(None, Some("{% include 'x' %}")).err().unwrap();
    assert!(matches!(html, RenderError::Wrong { part: Part::Html, .. }), "{html}");
}

#[test]
fn a_template_without_end_is_stopped() {
    for text in [
        "{% for a in range(9999) %}{% for b in range(9999) %}{% endfor %}{% endfor %}",
        "{% for a in range(9999) %}{% for b in range(9999) %}x{% endfor %}{% endfor %}",
    ] {
        let error = refused(text);
        assert!(matches!(error, RenderError::OutOfFuel { part: Part::Text, .. }), "{error}");
    }
}

#[test]
fn a_template_that_grows_is_stopped() {
    let doubles = format!("{{% set a = title %}}{}{{{{ a }}}}", "{% set a = a ~ a %}".repeat(40));
    for text in ["{{ 'x' * 600000 }}", "{{ 'x' * 99999999 }}", &doubles] {
        let error = refused(text);
        assert!(matches!(error, RenderError::OutOfFuel { .. } | RenderError::TooLong { .. }), "{error}");
    }
    let long = refused("{% for a in range(600) %}{{ 'x' * 1000 }}{% endfor %}");
    assert!(matches!(long, RenderError::TooLong { part: Part::Text, limit: 524_288 }), "{long}");
}

#[test]
fn markup_of_strangers_stays_text_whatever_the_template_says() {
    let mut notice = sample::notice();
    notice.incident.title = "<script>".into();
    for html in [
        "{{ title }}",
        "{{ title|safe }}",
        "{% autoescape false %}{{ title }}{% endautoescape %}",
        "{{ '' ~ title }}",
        "{{ [title] }}",
        "{{ title|e|safe }}",
    ] {
        let rendered = Templates::with(None, Some(html)).unwrap().render(&notice).unwrap();
        assert!(!rendered.html.contains('<'), "{html}: {}", rendered.html);
    }
}

#[test]
fn values_are_never_templates() {
    let mut notice = sample::notice();
    notice.incident.title = "{{7*7}} {% raw %} {# x #}".into();
    let rendered = Templates::new().render(&notice).unwrap();
    assert!(rendered.text.starts_with("HIGH  {{7*7}} {% raw %} {# x #}\n"), "{}", rendered.text);
}

#[test]
fn a_template_cannot_hide_characters_either() {
    let rendered = Templates::with(Some("a\u{202e}b{{ '\\u200b' }}\tc\n"), None).unwrap();
    assert_eq!(rendered.render(&sample::notice()).unwrap().text, "ab    c\n");
}

#[test]
fn the_plain_words_need_no_template() {
    let rendered = plain(&sample::notice());
    assert!(rendered.text.starts_with("HIGH  Password guessing from 203.0.113.7\n"), "{}", rendered.text);
    assert_eq!(rendered.subject, "[tripline #17] Password guessing from 203.0.113.7");
}
