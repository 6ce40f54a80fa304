set shell := ["bash", "-euo", "pipefail", "-c"]

export DOTNET_CLI_TELEMETRY_OPTOUT := "1"
export DOTNET_NOLOGO := "1"

# Lists the recipes.
_default:
    @just --justfile {{ justfile() }} --list --unsorted 2>/dev/null || npx -y rust-just --list --unsorted

# Serves everything on http://localhost:5080 with a demo workspace; Ctrl-C stops it. FLAGS go to `events serve`.
run *FLAGS: _publish
    @exec artifacts/run/events serve --demo {{ FLAGS }}

# Stops the service that `run` started.
stop:
    @scripts/stop

# Stops it and deletes its data directory: database, files, demo workspace.
reset: stop
    @rm -rf "${Events__DataDirectory:-.events}" && echo "deleted ${Events__DataDirectory:-.events}"

# Every test: unit, PostgreSQL 18 and 15, HTTP, whole processes. Fetches what it needs.
test:
    @scripts/test

# The tests of one project, e.g. `just test-only Platform -class '*Migrator*'`.
test-only PROJECT *FLAGS:
    dotnet run --project tests/{{ PROJECT }}.Tests -- {{ FLAGS }}

# Builds everything; warnings are errors.
build:
    dotnet build Events.sln --nologo -v q

# Formats the C# in place.
format:
    dotnet format Events.sln --no-restore

# Measures side by side with its baseline and writes artifacts/bench/NAME.json; --quick stays under a minute.
bench NAME *FLAGS:
    dotnet run -c Release --project benchmarks -- {{ NAME }} {{ FLAGS }}

# Writes under injected faults and counts what was lost, doubled or disordered; --seconds N. Writes artifacts/chaos/NAME.json.
chaos NAME *FLAGS:
    dotnet run -c Release --project tests/Chaos -- {{ NAME }} {{ FLAGS }}

# Sends generated requests to every endpoint and prints requests, 4xx, 5xx; --seconds N, --seed N.
fuzz *FLAGS:
    dotnet run -c Release --project tests/Fuzz -- {{ FLAGS }}

# Tries every endpoint as everybody who must not, measures revocation across two processes, prints both and the OWASP table.
security *FLAGS:
    @scripts/security {{ FLAGS }}

# Imports real files (EVENTS_DEMO_DATA, default ../shared/data; else a sample), searches, rebuilds, exports and restores, on a database of its own.
demo: _publish
    @node scripts/demo.mjs

# The `events` executable with any of its commands, e.g. `just events help`.
events *ARGS: _publish
    @artifacts/run/events {{ ARGS }}

_publish:
    @scripts/publish
