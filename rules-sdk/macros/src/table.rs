//! What stands between the braces of an attribute: tables, lists, words and literals, each with its place.

use proc_macro2::Span;
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::{Attribute, Error, Expr, Ident, Lit, Meta, Result, Token, braced, bracketed, parenthesized};

/// Keys with values, in the order in which they were written; no key stands twice.
pub(crate) struct Table {
    pub(crate) entries: Vec<Entry>,
}

/// One `key: value`, with its doc comment.
pub(crate) struct Entry {
    pub(crate) docs: String,
    pub(crate) key: Ident,
    pub(crate) value: Value,
}

pub(crate) enum Value {
    Text(String, Span),
    Integer(i64, Span),
    Number(f64, Span),
    Bool(bool, Span),
    /// A bare word: `high`, `failed`, `every_event`.
    Word(Ident),
    /// `setting(words)`.
    Call(Ident, Ident),
    List(Vec<Value>, Span),
    Table(Table, Span),
}

impl Value {
    pub(crate) fn span(&self) -> Span {
        match self {
            Value::Text(_, span)
            | Value::Integer(_, span)
            | Value::Number(_, span)
            | Value::Bool(_, span) => *span,
            Value::List(_, span) | Value::Table(_, span) => *span,
            Value::Word(word) | Value::Call(word, _) => word.span(),
        }
    }
}

impl Table {
    pub(crate) fn get(&self, key: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.key == key)
    }

    /// Refuses the first key that is not one of these.
    pub(crate) fn only(&self, of: &str, known: &[&str]) -> Result<()> {
        match self.entries.iter().find(|entry| !known.iter().any(|known| entry.key == known)) {
            None => Ok(()),
            Some(Entry { key, .. }) => {
                let known = known.join(", ");
                Err(Error::new(key.span(), format!("expected a key of {of}: {known}; found `{key}`")))
            }
        }
    }
}

impl Parse for Table {
    fn parse(input: ParseStream) -> Result<Self> {
        let mut entries: Vec<Entry> = Vec::new();
        for entry in Punctuated::<Entry, Token![,]>::parse_terminated(input)? {
            if entries.iter().any(|earlier| earlier.key == entry.key) {
                return Err(Error::new(entry.key.span(), format!("key `{}` stands twice", entry.key)));
            }
            entries.push(entry);
        }
        Ok(Table { entries })
    }
}

impl Parse for Entry {
    fn parse(input: ParseStream) -> Result<Self> {
        let docs = docs(&input.call(Attribute::parse_outer)?)?;
        let key = input.call(Ident::parse_any)?;
        input.parse::<Token![:]>()?;
        Ok(Entry { docs, key, value: input.parse()? })
    }
}

impl Parse for Value {
    fn parse(input: ParseStream) -> Result<Self> {
        let content;
        if input.peek(syn::token::Bracket) {
            let bracket = bracketed!(content in input);
            let items = Punctuated::<Value, Token![,]>::parse_terminated(&content)?;
            return Ok(Value::List(items.into_iter().collect(), bracket.span.join()));
        }
        if input.peek(syn::token::Brace) {
            let brace = braced!(content in input);
            return Ok(Value::Table(content.parse()?, brace.span.join()));
        }
        // `true` and `false` are identifiers too.
        if input.peek(Ident::peek_any) && !input.peek(Lit) {
            let word = input.call(Ident::parse_any)?;
            if !input.peek(syn::token::Paren) {
                return Ok(Value::Word(word));
            }
            parenthesized!(content in input);
            return Ok(Value::Call(word, content.call(Ident::parse_any)?));
        }
        let minus: Option<Token![-]> = input.parse()?;
        let lit: Lit = input.parse()?;
        let span = lit.span();
        match lit {
            Lit::Str(text) if minus.is_none() => Ok(Value::Text(text.value(), span)),
            Lit::Bool(value) if minus.is_none() => Ok(Value::Bool(value.value, span)),
            Lit::Int(number) => {
                let digits = number.base10_digits();
                let signed = if minus.is_some() { format!("-{digits}") } else { digits.to_string() };
                let value = signed.parse().map_err(|_| Error::new(span, "expected a number of 64 bits"))?;
                Ok(Value::Integer(value, span))
            }
            Lit::Float(number) => {
                let value: f64 = number.base10_parse()?;
                Ok(Value::Number(if minus.is_some() { -value } else { value }, span))
            }
            _ => Err(Error::new(span, "expected a text, a number, true, false, a word, a list or a table")),
        }
    }
}

/// The text of doc comments: lines of a paragraph joined, paragraphs apart.
pub(crate) fn docs(attributes: &[Attribute]) -> Result<String> {
    let mut text = String::new();
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("doc")) {
        // `#[doc(hidden)]` and `#[doc = include_str!(…)]` say nothing that could be read here.
        let Meta::NameValue(pair) = &attribute.meta else { continue };
        let Expr::Lit(lit) = &pair.value else { continue };
        let Lit::Str(line) = &lit.lit else { continue };
        for line in line.value().split('\n') {
            match line.trim() {
                "" => text.push('\n'),
                line if text.is_empty() || text.ends_with('\n') => text.push_str(line),
                line => {
                    text.push(' ');
                    text.push_str(line);
                }
            }
        }
    }
    if let Some(other) = attributes.iter().find(|attribute| !attribute.path().is_ident("doc")) {
        return Err(Error::new(other.span(), "expected a doc comment"));
    }
    Ok(text.trim().to_string())
}
