//! A recipient of a tenant that is added while the server runs: asked by a real mail, confirmed by what that says, told then.

use std::thread::sleep;
use std::time::{Duration, Instant};

use tripline_tests::{PATIENCE, Server, Sink, program};

/// The mails that have come once there are so many, without soft line breaks.
#[track_caller]
fn mails(sink: &Sink, count: usize, server: &Server) -> Vec<String> {
    let until = Instant::now() + PATIENCE;
    loop {
        let mails = sink.whole();
        if mails.len() >= count {
            return mails
                .iter()
                .map(|mail| mail.replace("=\r\n", "").replace("=\n", "").replace("=3D", "="))
                .collect();
        }
        assert!(Instant::now() < until, "{}", server.said());
        sleep(Duration::from_millis(50));
    }
}

#[test]
fn one_that_is_mailed_a_token_confirms_by_it_and_is_told() {
    let sink = Sink::start(env!("CARGO_BIN_EXE_smtp-sink"));
    let port = sink.relay().rsplit(':').next().unwrap().to_string();
    let mut server = Server::new(&format!(
        "[server]\nlisten = \"127.0.0.1:0\"\n[mail]\nfrom = \"tripline@example.org\"\nrelay = \"127.0.0.1\"\n\
         port = {port}\ntls = \"plaintext\"\n[security_log]\npath = \"security.log\"\n"
    ));
    let operator = server.token("operator", "default");
    server.start(&["--only", "app-errors"], None);
    let url = format!("http://{}", server.http());
    let run = |arguments: &[&str], token: Option<&str>| {
        let mut command = server.command(arguments);
        command.env("TRIPLINE_SERVER", &url).env_remove("TRIPLINE_TOKEN");
        token.map(|token| command.env("TRIPLINE_TOKEN", token));
        let done = command.output().unwrap();
        (done.status.success(), String::from_utf8([done.stdout, done.stderr].concat()).unwrap())
    };
    let (done, said) = run(&["tenant", "add", "plant", "--recipient", "soc@plant.example"], Some(&operator));
    assert!(done && said.contains("soc@plant.example is asked by mail"), "{said}");
    let report = ["incident", "report", "--severity", "high", "--title", "before", "--tenant", "plant"];
    let admin = server.token("admin", "plant");
    let (done, said) = run(&report, Some(&admin));
    assert!(done, "{said}");
    let asking = mails(&sink, 1, &server).remove(0);
    assert!(
        asking.contains("Subject: [tripline plant] Is this address to be told of incidents?"),
        "{asking}"
    );
    assert!(
        asking.contains("X-Tripline-Reason: confirm") && asking.contains("To: soc@plant.example"),
        "{asking}"
    );
    let command = asking.lines().find_map(|line| line.trim().strip_prefix("tripline ")).unwrap();
    let arguments: Vec<&str> = command.split_whitespace().collect();
    assert_eq!(&arguments[..3], ["tenant", "confirm", "--token"], "{asking}");
    assert!(!asking.contains("http"), "there is no link to open: {asking}");
    let (done, said) = run(&arguments, None);
    assert!(done && said.contains("soc@plant.example is told of what happens to tenant plant"), "{said}");
    let (done, said) = run(&arguments, None);
    assert!(!done && said.contains("expected a token that was mailed"), "{said}");
    let mut report = report;
    report[5] = "after";
    let (done, said) = run(&report, Some(&admin));
    assert!(done, "{said}");
    let all = mails(&sink, 2, &server);
    assert_eq!(
        all.iter().filter(|mail| mail.contains("Subject: [tripline plant#2] after")).count(),
        1,
        "{all:?}"
    );
    assert!(!all.iter().any(|mail| mail.contains("] before")), "nothing went there before: {all:?}");
    let (done, said) = run(&["tenant", "ask", "plant", "soc@plant.example"], Some(&operator));
    assert!(!done && said.contains("no recipient of tenant plant that could be asked"), "{said}");
    assert!(server.end().success());
    let log = std::fs::read_to_string(server.path("security.log")).unwrap();
    for event in ["recipient.asked", "recipient.mailed", "recipient.confirmed"] {
        assert_eq!(log.matches(&format!("\"{event}\"")).count(), 1, "{log}");
    }
    let secret = arguments[3];
    assert!(!log.contains(secret) && !server.said().contains(secret));
}

/// Nobody is said to be asked who is not.
#[test]
fn one_that_was_asked_too_often_is_named_and_can_be_asked_later() {
    let folder = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| {
        let mut command = program();
        command.current_dir(folder.path()).arg("tenant").args(arguments).args(["--db", "t.db"]);
        let done = command.output().unwrap();
        (done.status.success(), String::from_utf8([done.stdout, done.stderr].concat()).unwrap())
    };
    for (name, is_asked) in [("plant", true), ("shop", true), ("dock", true), ("yard", false)] {
        let (done, said) = run(&["add", name, "--recipient", "soc@plant.example"]);
        assert!(done && said.contains("soc@plant.example is asked by mail") == is_asked, "{said}");
        let hinted = said.contains("`tripline tenant ask yard soc@plant.example` asks later");
        assert_eq!(hinted, !is_asked, "{said}");
    }
    let (done, said) = run(&["ask", "yard", "soc@plant.example"]);
    assert!(!done && said.contains("soc@plant.example is not asked"), "{said}");
    let (done, said) = run(&["ask", "plant", "soc@plant.example"]);
    assert!(done && said.contains("soc@plant.example is asked by mail"), "it is on its way: {said}");
}
