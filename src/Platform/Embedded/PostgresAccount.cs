using Events.Platform.Startup;

namespace Events.Platform.Embedded;

/// <summary>
/// Under which user PostgreSQL's programs run. They refuse to run as root; root therefore starts them as another user.
/// </summary>
internal sealed class PostgresAccount
{
    private readonly string[] prefix;
    private readonly (string User, string Group)? owner;

    private PostgresAccount(string[] prefix, (string User, string Group)? owner)
    {
        this.prefix = prefix;
        this.owner = owner;
    }

    public string[] Command(params string[] command) => [.. prefix, .. command];

    /// <exception cref="CannotStartException">This process is root and no other user can reach the files.</exception>
    public static async Task<PostgresAccount> ChooseAsync(PostgresBinaries binaries, string directory, CancellationToken ct)
    {
        if (!Environment.IsPrivilegedProcess)
            return new PostgresAccount([], null);

        var setpriv = ChildProcess.FindOnPath("setpriv")
            ?? throw new CannotStartException("PostgreSQL does not run as root, and setpriv (util-linux) is not there to change the user: start as another user, or set ConnectionStrings__Postgres.");
        var owner = await FindUserAsync("postgres", ct) ?? await FindUserAsync("nobody", ct)
            ?? throw new CannotStartException("PostgreSQL does not run as root, and there is neither a user postgres nor nobody: start as another user.");

        // The caches and the data may lie below a folder that only root may enter, such as /root. Then the server gets the
        // one right that leads it past: to search folders. access(2) heeds it only with no_setuid_fixup. Containers often
        // hold back dac_read_search but not dac_override.
        string[] drop = [setpriv, "--reuid", owner.User, "--regid", owner.Group, "--clear-groups"];
        string[][] choices =
        [
            drop,
            [.. drop, "--securebits", "+no_setuid_fixup", "--inh-caps", "-all,+dac_read_search", "--ambient-caps", "+dac_read_search"],
            [.. drop, "--securebits", "+no_setuid_fixup", "--inh-caps", "-all,+dac_override", "--ambient-caps", "+dac_override"],
        ];
        foreach (var choice in choices)
        {
            var probe = await ChildProcess.RunAsync([.. choice, "/bin/sh", "-c", "test -x \"$1\" && test -x \"$2\"", "sh", binaries.Postgres, directory], "/", null, ct);
            if (probe.ExitCode == 0)
                return new PostgresAccount(choice, owner);
        }

        throw new CannotStartException($"PostgreSQL does not run as root, and user {owner.User} can reach {binaries.Directory} or {directory} in no way: start as another user, or move them.");
    }

    /// <summary>An empty folder that only PostgreSQL's user may enter.</summary>
    public async Task CreateFolderAsync(string path, CancellationToken ct)
    {
        string[] ownership = owner is (var user, var group) ? ["-o", user, "-g", group] : [];
        var made = await ChildProcess.RunAsync(["install", "-d", "-m", "700", .. ownership, path], null, null, ct);
        if (made.ExitCode != 0)
            throw new CannotStartException($"The folder {path} cannot be created: {made.Tail}");
    }

    private static async Task<(string User, string Group)?> FindUserAsync(string name, CancellationToken ct)
    {
        var user = await ChildProcess.RunAsync(["id", "-u", name], null, null, ct);
        var group = await ChildProcess.RunAsync(["id", "-g", name], null, null, ct);
        return user.ExitCode == 0 && group.ExitCode == 0 ? (user.Output.Trim(), group.Output.Trim()) : null;
    }
}
