//! Templates of scripts.

use crate::sandbox::Sandbox;

const TEMPLATES: [&str; 8] = ["flow", "density", "generator", "data", "map", "posterior", "compare", "sweep"];

#[test]
fn every_template_runs_as_it_is() {
    for template in TEMPLATES {
        let sandbox = Sandbox::new();
        let said = sandbox.run(&format!("new my --template {template}")).code(0).stdout;
        assert!(said.contains("sdflow-engine my.rhai"), "{said}");
        assert!(sandbox.read("my.rhai").contains("sdflow-engine my.rhai"), "{template}");
        sandbox.run("check my.rhai").code(0);
        sandbox.run("my.rhai --quick --quiet").code(0);
        let record = sandbox.record();
        assert!(!record["checks"].as_array().unwrap().is_empty() && record["warnings"].as_array().unwrap().len() <= 2);
    }
}

#[test]
fn the_templates_are_listed_and_nothing_is_overwritten() {
    let sandbox = Sandbox::with("print(1);");
    let list = sandbox.run("new --list").code(0).stdout;
    assert!(TEMPLATES.iter().all(|template| list.contains(&format!("  {template} "))), "{list}");
    let unknown = sandbox.run("new my --template flwo").code(2).stderr;
    assert!(unknown.contains("did you mean `flow`?") && unknown.contains("new --list"), "{unknown}");
    assert!(!sandbox.path("my.rhai").exists());
    let there = sandbox.run("new a").code(2).stderr;
    assert!(there.contains("a.rhai exists already"), "{there}");
    assert_eq!(sandbox.read("a.rhai"), "print(1);");
    sandbox.run("new no/such/folder/a").code(6);
    sandbox.run("new").code(2);
}
