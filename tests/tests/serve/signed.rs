//! From a key to a pack that judges: made, signed, verified, pushed by commands, and demanded by a server that runs.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use tripline_tests::program;

use super::pushed::{SECTIONS, Site, TITLE, written};

/// A command in a folder: its code, and all that it says.
fn run(folder: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let done = program().current_dir(folder).args(arguments).output().unwrap();
    (done.status.code(), String::from_utf8([done.stdout, done.stderr].concat()).unwrap())
}

/// Makes a key; answers its public half.
#[track_caller]
fn keygen(folder: &Path, name: &str) -> String {
    let (code, said) = run(folder, &["pack", "keygen", name]);
    assert_eq!(code, Some(0), "{said}");
    let public = fs::read_to_string(folder.join(format!("{name}.pub"))).unwrap();
    assert!(said.contains(public.trim_end()), "{said}");
    // The secret half is in its file, and nowhere else.
    let secret = fs::read_to_string(folder.join(name)).unwrap();
    assert!(secret.starts_with("tripline-pack-secret-1:") && !said.contains(&secret[23..40]), "{said}");
    public.trim_end().into()
}

#[track_caller]
fn sign(folder: &Path, module: &str, key: &str) {
    let (code, said) = run(folder, &["pack", "sign", module, "--key", key]);
    assert_eq!(code, Some(0), "{said}");
}

#[test]
fn keys_sign_and_signatures_are_verified() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let (ours, theirs) = (keygen(folder, "ours"), keygen(folder, "theirs"));
    assert_eq!(fs::metadata(folder.join("ours")).unwrap().permissions().mode() & 0o777, 0o600);
    let (code, said) = run(folder, &["pack", "keygen", "ours"]);
    assert!(code == Some(2) && said.contains("never overwritten"), "{said}");
    assert_eq!(fs::read_to_string(folder.join("ours.pub")).unwrap().trim_end(), ours);

    written(folder, "decides-on-all", (TITLE, "The first"), "door.wasm");
    written(folder, "decides-on-all", ("1.0.0", "2.0.0"), "other.wasm");
    let verify = |module: &str, more: &[&str]| run(folder, &[&["pack", "verify", module], more].concat());
    let (code, said) = verify("door.wasm", &["--signed-by", &ours]);
    assert!(code == Some(1) && said.contains("found none"), "{said}");
    sign(folder, "door.wasm", "ours");
    let (code, said) = verify("door.wasm", &["--signed-by", &theirs, "--signed-by", &ours]);
    assert!(code == Some(0) && said.starts_with("signed: hostile 1.0.0"), "{said}");
    let (code, said) = verify("door.wasm", &["--signed-by", &theirs]);
    assert!(code == Some(1) && said.contains("found one by the key"), "{said}");
    let (code, said) = verify("other.wasm", &["--signed-by", &ours, "--signature", "door.wasm.sig"]);
    assert!(code == Some(1) && said.contains("expected a signature of hostile 2.0.0"), "{said}");
    fs::write(folder.join("bad.sig"), "nothing\n").unwrap();
    let (code, said) = verify("door.wasm", &["--signed-by", &ours, "--signature", "bad.sig"]);
    assert!(code == Some(2) && said.contains("bad.sig: expected a signature"), "{said}");
    let (code, said) =
        verify("door.wasm", &["--signed-by", fs::read_to_string(folder.join("ours")).unwrap().trim_end()]);
    assert!(code == Some(2) && said.contains("found a secret one") && !said.contains("secret-1"), "{said}");

    // A key that others can read signs nothing.
    fs::set_permissions(folder.join("theirs"), fs::Permissions::from_mode(0o644)).unwrap();
    let (code, said) = run(folder, &["pack", "sign", "door.wasm", "--key", "theirs"]);
    assert!(code == Some(2) && said.contains("mode 0600"), "{said}");
    assert_eq!(verify("door.wasm", &["--signed-by", &ours]).0, Some(0), "what was there stays");

    // The packs that everybody has are held to it, too.
    let path = folder.join("tripline.toml");
    fs::write(&path, format!("[packs]\nsigned_by = [\"{ours}\"]\n")).unwrap();
    let check = |module: &str| run(folder, &["config", "check", "tripline.toml", "--pack", module]);
    assert_eq!(check("door.wasm").0, Some(0), "{}", check("door.wasm").1);
    let (code, said) = check("other.wasm");
    assert!(code == Some(2) && said.contains("other.wasm: expected a signature by the key"), "{said}");
}

#[test]
fn what_is_demanded_of_a_running_server_is_met_by_a_signature() {
    let mut site = Site::new();
    let folder = site.server.folder().to_path_buf();
    let key = keygen(&folder, "release");
    let wasm = written(&folder, "decides-on-all", (TITLE, "The first"), "door.wasm");
    site.push(0, &wasm);
    site.changed(1);
    site.bring(1, "before");
    assert_eq!(site.count(0, "hostile"), 1);

    // It is demanded: what nobody has signed judges no more, and its tenant is told.
    site.server.configure(&format!("{SECTIONS}[packs]\npushed_signed_by = [\"{key}\"]\n"));
    site.server.says("pack hostile does not judge: its signature: expected a signature by the key");
    site.changed(2);
    site.bring(1, "unsigned");
    assert_eq!(site.count(0, "hostile"), 1);
    let own = site.own(0);
    assert_eq!((&own[0]["signed"], &own[0]["signed_by"]), (&"refused".into(), &serde_json::Value::Null));
    let incidents = site.server.incidents("alpha");
    assert!(incidents.iter().any(|one| one["rule"] == "pack-unsigned"), "{incidents:?}");
    let (succeeds, said) = site.pack(0, &["push", wasm.to_str().unwrap()]);
    assert!(!succeeds && said.contains("found none"), "{said}");

    // The signature beside the module goes along by itself.
    sign(&folder, "door.wasm", "release");
    let pushed = site.done(0, &["push", wasm.to_str().unwrap()]);
    assert!(pushed.contains("judges from the next barrier on") && pushed.contains("(valid)"), "{pushed}");
    site.changed(3);
    site.bring(1, "signed");
    assert_eq!(site.count(0, "hostile"), 2);
    let listed = site.done(0, &["list"]);
    assert!(listed.contains("judges"), "{listed}");

    // It is so after a restart, and a signature that is of something else is not sent at all.
    site.server.kill();
    site.server.start(&["--only", "app-errors"], None);
    site.bring(1, "again");
    assert_eq!(site.count(0, "hostile"), 3);
    let newer = written(&folder, "decides-on-all", ("1.0.0", "1.1.0"), "newer.wasm");
    let beside = folder.join("door.wasm.sig");
    let (succeeds, said) =
        site.pack(0, &["push", newer.to_str().unwrap(), "--signature", beside.to_str().unwrap()]);
    assert!(!succeeds && said.contains("expected a signature of hostile 1.1.0"), "{said}");
    sign(&folder, "newer.wasm", "release");
    site.done(0, &["push", newer.to_str().unwrap()]);
    let (succeeds, said) = site.pack(0, &["push", wasm.to_str().unwrap()]);
    assert!(!succeeds && said.contains("expected a version above 1.1.0"), "{said}");
    site.done(0, &["rollback", "hostile"]);
    let until = Instant::now() + Duration::from_secs(120);
    while site.own(0)[0]["version"] != "1.0.0" {
        assert!(Instant::now() < until);
        sleep(Duration::from_millis(20));
    }
}
