"""Fifty different mistakes in one file are fifty lines of one message."""

from __future__ import annotations

from pathlib import Path

from playbook_project import Project

VARIABLES = """---
- {name: LogHost, value: logs.example.com}
- {name: "List[a].Port", value: 1}
- {name: OnlyProduction, value: x, scope: {environment: production}}
- {name: Unfinished, value: "x #{NotThere}"}
- {name: Chained, value: "<#{Unfinished}>"}
- {name: Fox, value: "#{Fax}"}
- {name: Fax, value: "#{Fix}"}
- {name: Fix, value: "#{Fox}"}
- {name: Self, value: "#{Self}"}
- {name: Secret, value: "hunt#{er22}", sensitive: true}
"""

# A line of the file; the column and the token of the message; a piece of the reason.
MISTAKES = [
    ("#{LogHots}", 1, "#{LogHots}", "variable LogHots is not defined"),
    ("ok #{LogHost} #{Missing.Path}", 15, "#{Missing.Path}", "variable Missing.Path is not defined"),
    ("#{OnlyProduction}", 1, "#{OnlyProduction}", "not defined; it has values for: environment production"),
    ("\t#{List[none]}", 2, "#{List[none]}", "variable List[none] is not defined"),
    ("#{List[a].Host}", 1, "#{List[a].Host}", "variable List[a].Host is not defined"),
    ("#{List[#{NoKey}]}", 1, "#{List[#{NoKey}]}", "variable List[#{NoKey}] is not defined"),
    ("#{LogHost.Deep}", 1, "#{LogHost.Deep}", "variable LogHost.Deep is not defined"),
    ("#{A name  with blanks}", 1, "#{A name  with blanks}", "variable A name  with blanks is not defined"),
    ("#{ Spaced }", 1, "#{Spaced}", "variable Spaced is not defined"),
    ("é #{Ünïcode}", 3, "#{Ünïcode}", "variable Ünïcode is not defined"),
    ("#{LogHost | Bogus}", 1, "#{LogHost | Bogus}", "there is no filter Bogus"),
    ("#{LogHost|Bogus 1 2}", 1, '#{LogHost | Bogus "1" "2"}', "there is no filter Bogus"),
    ("#{LogHost | ToUpper | Wrong}", 1, "#{LogHost | ToUpper | Wrong}", "there is no filter Wrong"),
    ("#{Nope | ToUpper}", 1, "#{Nope | ToUpper}", "variable Nope is not defined"),
    ('#{LogHost | ToUpper "x"}', 1, '#{LogHost | ToUpper "x"}', "ToUpper"),
    ("#{LogHost | Substring}", 1, "#{LogHost | Substring}", "Substring"),
    ("#{LogHost | Substring 400 1}", 1, '#{LogHost | Substring "400" "1"}', "Substring"),
    ("#{LogHost | Substring -1}", 1, '#{LogHost | Substring "-1"}', "Substring"),
    ("#{LogHost | Substring one}", 1, '#{LogHost | Substring "one"}', "Substring"),
    ("#{LogHost | FromBase64}", 1, "#{LogHost | FromBase64}", "FromBase64"),
    ("#{LogHost | Append #{NoArgument}}", 1, "#{NoArgument}", "variable NoArgument is not defined"),
    ("#{Unfinished}", 1, "#{NotThere}", "variable NotThere is not defined (in the value of Unfinished)"),
    ("at the end: #{Chained}", 13, "#{NotThere}", "variable NotThere is not defined (in the value of Unfinished)"),
    ("#{Secret}", 1, "a token in a sensitive value", "a literal #{ in Secret must be written ##{"),
    ("#{if LogHost}#{InIf}#{/if}", 1, "#{InIf}", "variable InIf is not defined"),
    ("#{unless LogHost}x#{else}#{InElse}#{/unless}", 1, "#{InElse}", "variable InElse is not defined"),
    ("#{each one in List}#{one.No}#{/each}", 1, "#{one.No}", "variable one.No is not defined"),
    ("#{if LogHost | Bogus}x#{/if}", 1, "LogHost | Bogus", "there is no filter Bogus"),
    ('#{if Nope2 | ToUpper == "x"}x#{/if}', 1, "Nope2 | ToUpper", "variable Nope2 is not defined"),
    ("#{Fox}", 1, "#{Fox}", "(Fox -> Fax -> Fix -> Fox)"),
    ("#{Self}", 1, "#{Self}", "(Self -> Self)"),
    ("#{else}", 1, "#{else}", "variable else is not defined"),
    ("#{if X}", 1, "#{if X}", "variable if X is not defined"),
    ("#{}", 1, "#{}", "expected a variable's name, found '}'"),
    ("#{$x}", 1, "#{$x}", "expected a variable's name, found '$'"),
    ("#{a+b}", 1, "#{a+b}", "expected }, found '+'"),
    ("#{a.}", 1, "#{a.}", "expected a variable's name, found '}'"),
    ("#{a | }", 1, "#{a | }", "expected a filter's name, found '}'"),
    ("#{LogHost | Append 1.5}", 1, "#{LogHost | Append 1.5}", "expected }, found '.'"),
    ("#{LogHost | Append 'x'}", 1, "#{LogHost | Append 'x'}", 'expected }, found "\'"'),
    ('#{LogHost | Append "x}', 1, '#{LogHost | Append "x}', 'the " has no closing "'),
    ("#{/if}", 1, "#{/if}", "#{/if} closes nothing"),
    ("  #{/each}", 3, "#{/each}", "#{/each} closes nothing"),
    ('ruby "#{event.get("x")}"', 7, '#{event.get("x")}', "expected }, found '\"'"),
    ('#{if A == "x" == "y"}', 1, '#{if A == "x" == "y"}', "expected }, found '='"),
    ("#{dog", 1, "#{dog", "expected }, found"),
    ("#{a[b", 1, "#{a[b", "the [ has no matching ]"),
    ("#{each x in List}", 1, "#{each x in List}", "#{each …} has no #{/each}"),
    ('#{if A == "1"}', 1, '#{if A == "1"}', "#{if …} has no #{/if}"),
    ("after all of these: #{AtTheEnd}", 21, "#{AtTheEnd}", "variable AtTheEnd is not defined"),
]


def test_fifty_different_mistakes_are_fifty_lines_of_one_message(tmp_path: Path) -> None:
    assert len({line for line, *_ in MISTAKES}) == 50
    project = Project(tmp_path)
    project.write("variables.yml", VARIABLES)
    project.write("templates/app.conf", "\r\n".join(line for line, *_ in MISTAKES))
    result = project.play(
        {"elk.deploy.octopus_check": {"src": "app.conf"}}, ansible_connection="ssh", ansible_host="192.0.2.1"
    )
    assert result.returncode == 2
    assert "50 tokens cannot be resolved for host web1, environment staging:" in result.stdout, result.stdout
    lines = [line for line in result.stdout.splitlines() if line.startswith("templates/app.conf:")]
    assert len(lines) == 50
    for number, (line, (_, column, token, reason)) in enumerate(zip(lines, MISTAKES, strict=True), start=1):
        place, _, message = line.partition(f":{column}: {token}: ")
        assert place == f"templates/app.conf:{number}", line
        assert reason in message
    assert "er22" not in result.stdout + result.stderr
