//! What is refused, and whether the refusal says what to do.

use vestibule_alipay_simulator::{RsaKey, SharedKey};

use super::shell::{Shell, assert_says};

#[tokio::test]
async fn a_row_that_nobody_could_sign_in_with_is_stored_only_when_that_is_asked_for() {
    let shell = Shell::with_records().await;
    for (change, words) in [
        ("subject=openid", ["\"subject\"", "\"open_id\" for apps made since 2023"].as_slice()),
        ("subject=", &["\"subject\" is missing; set it to \"open_id\"", "\"user_id\"", "\"union_id\""]),
        ("appId=wx1", &["\"appId\"", "16 digits"]),
        (
            "appCert=ap",
            &["\"appCert\"", "neither \"acme\" nor the shared owner \"admin\" has a cert record \"ap\"", "add it"],
        ),
        (
            "alipayCert=app",
            &[
                "the Certificate field of record \"admin/app\" holds an app certificate",
                "alipayCertPublicKey.crt belongs there",
            ],
        ),
        (
            "gatewayUrl=https://gateway.example/gateway.do",
            &["\"gatewayUrl\" is set, but \"environment\" is \"production\"", "remove"],
        ),
        ("environment=prod", &["\"environment\"", "`production`", "`sandbox`"]),
        ("appID=1", &["\"appID\"", "unknown field", "`appId`"]),
    ] {
        let said = shell.add_provider(&["--set", change]).await.refused();
        assert_says(&said, &[["FATAL", "acme/alipay", "was not stored", "--unfinished"].as_slice(), words].concat());
    }
    assert_says(&shell.run(&["provider", "list"]).await.done(), &["0 of 0, page 1 of 1"]);

    let added = shell.add_provider(&["--set", "appCert=ap", "--unfinished"]).await.done();
    assert_says(&added, &["FATAL", "has a cert record \"ap\"", "enabled       no", "so it is switched off"]);
    assert_says(&added, &["switch it on with `vestibule provider enable`"]);
    // It says so again whenever it is looked at, and when somebody would switch it on.
    let shown = shell.run(&["provider", "show", "acme/alipay"]).await.refused();
    assert_says(&shown, &["FATAL", "has a cert record \"ap\"", "nobody can sign in with \"acme/alipay\""]);
    let enabled = shell.run(&["provider", "enable", "acme/alipay"]).await.refused();
    assert_says(&enabled, &["FATAL", "has a cert record \"ap\"", "\"acme/alipay\", so it was not enabled"]);
    assert_says(&shell.run(&["provider", "list"]).await.done(), &["acme/alipay  Alipay, disabled"]);
    // Finished, it waits to be switched on.
    assert_says(&shell.add_provider(&["--replace"]).await.done(), &["enabled       no"]);
    shell.run(&["provider", "enable", "acme/alipay"]).await.done();
    assert_says(&shell.run(&["provider", "list"]).await.done(), &["acme/alipay  Alipay, enabled"]);
    // A row that worked is switched off when it no longer could.
    let again = shell.add_provider(&["--set", "appCert=ap", "--replace", "--unfinished"]).await.done();
    assert_says(&again, &["enabled       no", "so it is switched off"]);
    // What no sign-in could ever read is not stored in any case.
    let again = ["provider", "add", "acme/b", "--type", "Alipay", "--unfinished", "--set", "appID=1"];
    assert_says(&shell.run(&again).await.refused(), &["\"acme/b\"", "\"appID\" is not a field", "\"appId\""]);
}

#[tokio::test]
async fn a_refusal_names_what_is_wrong_and_what_to_do() {
    let shell = Shell::with_records().await;
    shell.add_provider(&[]).await.done();
    let key = shell.app.material().app_private_key;
    shell.write("cut.txt", &key[..key.len() - 100]);
    shell.write("stranger.txt", RsaKey::shared(SharedKey::Stranger).unwrap().pkcs8_base64());
    shell.write("noise.bin", (0..=255).rev().collect::<Vec<u8>>());
    shell.write("misspelt.toml", "shared-owner = \"admin\"\nlistn = \"127.0.0.1:80\"\n");
    shell.write("address.toml", "shared-owner = \"admin\"\nlisten = \"localhost\"\n");
    shell.write("upstream.toml", "allow-upstream = \"sim:80\"\n");
    shell.write("return.toml", "allow-return-to = \"https://app.example.com\"\n");
    shell.write("notes.txt", "not a key\n");
    let add = ["cert", "add", "admin/x", "--certificate"];
    let row = ["provider", "add", "acme/x", "--type", "Alipay"];
    let cases: &[(&[&str], &[&str])] = &[
        // Names.
        (&["cert", "add", "app", "--certificate", "@app.crt"], &["\"app\" is not a name", "owner/name"]),
        (&["cert", "add", "admin/a?b", "--certificate", "@app.crt"], &["'?'", "use letters"]),
        (&["cert", "show", "admin/nothing"], &["there is no cert record \"admin/nothing\""]),
        (&["provider", "show", "acme/nothing"], &["there is no provider row \"acme/nothing\""]),
        (&["provider", "enable", "acme/nothing"], &["there is no provider row \"acme/nothing\""]),
        // Records.
        (
            &["cert", "add", "admin/app", "--certificate", "@app.crt"],
            &["cert record \"admin/app\" exists already; give --replace", "choose another name"],
        ),
        (&[add.as_slice(), &["@nothing.crt"]].concat(), &["nothing.crt", "No such file"]),
        (&[add.as_slice(), &["@noise.bin"]].concat(), &["field Certificate", "neither a certificate nor a key"]),
        (&["cert", "add", "admin/x"], &["\"admin/x\", field Certificate", "is empty, and so is the Private key field"]),
        (
            &[add.as_slice(), &["@notes.txt"]].concat(),
            &["\"admin/x\", field Certificate", "placeholder", ".crt or .pem file"],
        ),
        (
            &[add.as_slice(), &["@app.key"]].concat(),
            &["field Certificate", "private key", "were the two fields swapped?"],
        ),
        (
            &[add.as_slice(), &["@app.crt", "--private-key", "@cut.txt"]].concat(),
            &["\"admin/x\", field Private key", "cut off"],
        ),
        (
            &[add.as_slice(), &["@app.crt", "--private-key", "@stranger.txt"]].concat(),
            &[
                "\"admin/x\", field Private key",
                "is not the one of the certificate",
                "2088000000000001-2021000000000001",
                "put there",
            ],
        ),
        // Rows.
        (
            &["provider", "add", "acme/x", "--type", "alipay"],
            &["type \"alipay\" is not known here", "known types: \"Alipay\""],
        ),
        (&[row.as_slice(), &["--set", "appId"]].concat(), &["--set takes field=value"]),
        (&[row.as_slice(), &["--config", "@nothing.json"]].concat(), &["nothing.json", "No such file"]),
        (&[row.as_slice(), &["--config", "@notes.txt"]].concat(), &["config", "json object"]),
        (
            &[row.as_slice(), &["--config", "@notes.txt", "--set", "appId=1"]].concat(),
            &["config", "json object", "line 1"],
        ),
        // Options.
        (&["--public-url", "login.example.com", "provider", "list"], &["--public-url", "https://"]),
        (
            &["--public-url", "http://login.example.com", "provider", "list"],
            &["--public-url", "must start with \"https://\""],
        ),
        (&["--listen", "0.0.0.0:0", "serve"], &["--public-url is needed", "0.0.0.0", "https://login.example.com"]),
        (&["--allow-upstream", "http://sim/", "provider", "list"], &["--allow-upstream", "host:port"]),
        (&["--allow-return-to", "app", "provider", "list"], &["--allow-return-to", "https://app.example.com"]),
        (&["--log", "[[", "provider", "list"], &["--log", "is no filter", "\"info\""]),
        (
            &["--config-file", "@nothing.toml", "provider", "list"],
            &["configuration file", "nothing.toml", "No such file"],
        ),
        (&["--config-file", "@misspelt.toml", "provider", "list"], &["misspelt.toml\", line 2", "`listn`", "`listen`"]),
        (
            &["--config-file", "@address.toml", "provider", "list"],
            &["address.toml\", line 2", "ADDRESS:PORT with an ip address"],
        ),
        (
            &["--config-file", "@upstream.toml", "provider", "list"],
            &["upstream.toml\", line 1", "`allow-upstream`: expected an array, such as [\"host:port\"]"],
        ),
        (
            &["--config-file", "@return.toml", "provider", "list"],
            &["return.toml\", line 1", "`allow-return-to`: expected an array, such as [\"https://app.example.com\"]"],
        ),
        (
            &["--data-dir", "@notes.txt", "provider", "list"],
            &["there is no installation in", "notes.txt", "--data-dir"],
        ),
        (
            &["--data-dir", "@notes.txt", "cert", "add", "admin/x", "--certificate", "@app.crt"],
            &["data folder", "notes.txt", "--data-dir"],
        ),
        (
            &["--database", "oracle://user:s3cr3t@db/iam", "--master-key-file", "@data/master.key", "cert", "list"],
            &["\"oracle\" is not known here", "\"sqlite\"", "\"postgres\"", "\"mysql\""],
        ),
        (
            &[
                "--database",
                "postgres://user:s3cr3t@127.0.0.1:9/iam",
                "--master-key-file",
                "@data/master.key",
                "cert",
                "list",
            ],
            &["postgres://127.0.0.1:9/iam", "does not answer at the moment"],
        ),
        (
            &["--database", "sqlite:other.db", "cert", "add", "admin/x", "--certificate", "@app.crt"],
            &["master key of your own", "VESTIBULE_MASTER_KEY", "openssl rand"],
        ),
        (
            &["--master-key-file", "@notes.txt", "cert", "list"],
            &["master key", "notes.txt", "64 hex digits or the base64 of 32 bytes", "openssl rand -hex 32"],
        ),
        (&["--master-key-file", "@nothing.key", "cert", "list"], &["master key file", "nothing.key", "No such file"]),
    ];
    for (arguments, words) in cases {
        let said = shell.run(arguments).await.refused();
        assert_says(&said, words);
        assert!(!said.contains("s3cr3t"), "{said}");
    }
    // None of them left anything behind.
    assert_says(&shell.run(&["cert", "list"]).await.done(), &["2 of 2, page 1 of 1"]);
    assert_says(&shell.run(&["provider", "list"]).await.done(), &["1 of 1, page 1 of 1"]);
}

#[tokio::test]
async fn an_address_at_which_another_program_listens_is_named_with_a_remedy() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let shell = Shell::new();
    for command in ["serve", "demo"] {
        let said = shell.run(&["--listen", &address, command]).await.refused();
        let remedy = "another program listens there (another vestibule?); stop it or choose another --listen";
        assert_says(&said, &[&format!("cannot listen on {address}: Address already in use"), remedy]);
    }
}

#[tokio::test]
async fn a_mistyped_command_line_is_answered_without_the_settings_of_the_environment() {
    let shell = Shell::new();
    let environment = [("VESTIBULE_SHARED_OWNER", "admin"), ("VESTIBULE_LOG", "warn")];
    for (arguments, words) in [
        (["provider", "add", "acme/x"].as_slice(), "Usage: vestibule provider add [OPTIONS] --type <TYPE> <ROW>\n"),
        (&["cert", "show"], "Usage: vestibule cert show [OPTIONS] <RECORD>\n"),
        (&["provider", "frobnicate"], "Usage: vestibule provider [OPTIONS] <COMMAND>\n"),
        (&["--frobnicate"], "Usage: vestibule [OPTIONS] <COMMAND>\n"),
        (&["--listen", "localhost:8080", "serve"], "expected ADDRESS:PORT with an ip address, such as 127.0.0.1:8080"),
    ] {
        let said = shell.run_with(&environment, "", arguments).await.mistyped();
        assert_says(&said, &[words]);
    }
}

#[tokio::test]
async fn the_help_of_a_command_has_the_options_that_it_looks_at() {
    let shell = Shell::new();
    for (arguments, there, absent) in [
        (["serve", "-h"].as_slice(), ["--data-dir", "--allow-return-to"].as_slice(), [].as_slice()),
        (&["demo", "-h"], &["--listen"], &["--data-dir", "--database", "--master-key-file"]),
        (&["cert", "add", "-h"], &["--data-dir", "--log"], &["--listen", "--public-url", "--allow-return-to"]),
        (&["cert", "inspect", "-h"], &["--log"], &["--data-dir", "--database"]),
        (
            &["provider", "add", "-h"],
            &["--public-url", "--replace", "whole config is given anew"],
            &["--allow-return-to"],
        ),
    ] {
        let help = shell.run(arguments).await.done();
        let help = help.split_whitespace().collect::<Vec<_>>().join(" ");
        assert_says(&help, there);
        assert_says(&help, &["Installation (the same for every command):", "Options:"]);
        assert!(!absent.iter().any(|option| help.contains(option)), "{help}");
    }
}
