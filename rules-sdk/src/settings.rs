use std::fmt::Display;
use std::str::FromStr;

use tripline_abi::{Open, Value};

/// What an operator gives a pack; the macro writes it from `settings: { … }`.
pub trait Settings: Sized + Send {
    /// Reads them from an open frame; the host has checked them against the manifest.
    fn read(open: &Open<'_>) -> Result<Self, String>;
}

/// A setting's type.
pub trait FromSetting: Sized {
    /// Reads it; `None` if the value is of another type.
    fn from_setting(value: Value<'_>) -> Option<Self>;
}

/// The setting of this name, or what is wrong with it.
pub fn setting<T: FromSetting>(open: &Open<'_>, name: &str) -> Result<T, String> {
    let Some(value) = open.setting(name) else {
        return Err(format!("expected the setting `{name}`, found none"));
    };
    // Showing the value would bring the printing of floats into every pack, for what the host has checked already.
    T::from_setting(value).ok_or_else(|| format!("setting `{name}` has another type than the manifest says"))
}

/// The setting of this name, a text that reads itself as a `T`; a wrong one is refused by name and value.
pub fn parsed<T: FromStr<Err: Display>>(open: &Open<'_>, name: &str) -> Result<T, String> {
    let text: String = setting(open, name)?;
    text.parse().map_err(|error| refused(name, None, &text, &error))
}

/// The setting of this name, a list of such texts.
pub fn parsed_list<T: FromStr<Err: Display>>(open: &Open<'_>, name: &str) -> Result<Vec<T>, String> {
    let texts: Vec<String> = setting(open, name)?;
    let one =
        |(i, text): (usize, &String)| text.parse().map_err(|error| refused(name, Some(i), text, &error));
    texts.iter().enumerate().map(one).collect()
}

fn refused(name: &str, index: Option<usize>, text: &str, error: &dyn Display) -> String {
    match index {
        Some(index) => format!("setting `{name}[{index}]`, {text:?}: {error}"),
        None => format!("setting `{name}`, {text:?}: {error}"),
    }
}

impl FromSetting for bool {
    fn from_setting(value: Value<'_>) -> Option<Self> {
        if let Value::Bool(value) = value { Some(value) } else { None }
    }
}

impl FromSetting for i64 {
    fn from_setting(value: Value<'_>) -> Option<Self> {
        if let Value::Integer(value) = value { Some(value) } else { None }
    }
}

impl FromSetting for f64 {
    fn from_setting(value: Value<'_>) -> Option<Self> {
        match value {
            Value::Number(value) => Some(value),
            Value::Integer(value) => Some(value as f64),
            _ => None,
        }
    }
}

impl FromSetting for String {
    fn from_setting(value: Value<'_>) -> Option<Self> {
        if let Value::Text(text) = value { Some(String::from_utf8_lossy(text).into_owned()) } else { None }
    }
}

impl<T: FromSetting> FromSetting for Vec<T> {
    fn from_setting(value: Value<'_>) -> Option<Self> {
        if let Value::List(items) = value { items.map(T::from_setting).collect() } else { None }
    }
}
