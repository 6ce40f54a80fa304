using Events.Commands.Access;
using Events.Commands.Handling;
using Events.Commands.Mail;
using Events.Commands.People;
using Events.Commands.Permissions;
using Events.Commands.Secrets;
using Events.Commands.Workspaces;
using Events.EventStore;
using Events.Fixtures;
using Events.Platform.Tenancy;
using Shouldly;
using Xunit;

namespace Events.Commands.Tests.People;

public sealed class IdentityTests(PostgresServer server) : IAsyncLifetime
{
    private const string Password = "correct horse battery";
    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;

    private TestDatabase database = null!;
    private Node node = null!;

    public async ValueTask InitializeAsync()
    {
        database = await server.CreateDatabaseAsync(typeof(IdentityServices).Assembly, typeof(EventAppender).Assembly, typeof(Messaging.MessagingServices).Assembly);
        node = await Node.StartAsync(database);
    }

    public async ValueTask DisposeAsync()
    {
        await node.DisposeAsync();
        await database.DisposeAsync();
    }

    private Task<Founded> FoundAsync(string email) => node.Get<Founding>().FoundAsync("Acme", "Mia Miller", Node.Email(email), Password, Ct);

    private async Task<bool> IsLiveAsync(Node on, StartedSession session)
    {
        var directory = on.Get<AccessDirectory>();
        var state = await directory.SessionAsync(session.SessionId, Ct);
        return state.IsLive(await directory.PersonAsync(session.PersonId, Ct), DateTimeOffset.UtcNow);
    }

    [Fact]
    public async Task Founding_gives_an_owner_who_signs_in_and_a_token_that_works()
    {
        var founded = await FoundAsync("mia@example.com");
        var session = await node.Get<SignIns>().SignInAsync(Node.Email("MIA@example.com"), Password, null, Ct);
        session.ShouldNotBeNull().WorkspaceId.ShouldBe(founded.WorkspaceId);
        (await IsLiveAsync(node, session)).ShouldBeTrue();
        (await node.Get<SessionSecrets>().FindAsync(TokenSecret.Hash(session.Secret), Ct)).ShouldBe(session.SessionId);
        var found = await node.Get<ApiTokenSecrets>().FindAsync(TokenSecret.Hash(founded.Token!), Ct);
        found.ShouldNotBeNull().Tenant.ShouldBe(new TenantId(founded.WorkspaceId));
        var workspace = await node.Get<AccessDirectory>().WorkspaceAsync(found.Value.Tenant, Ct);
        workspace.Tokens.ShouldContainKey(found.Value.TokenId);
        workspace.RoleOf(founded.PersonId).ShouldBe(WorkspaceRole.Owner);
    }

    [Theory]
    [InlineData("mia@example.com", "wrong horse battery")]
    [InlineData("nobody@example.com", Password)]
    public async Task Wrong_passwords_and_strangers_get_the_same_answer(string email, string password)
    {
        await FoundAsync("mia@example.com");
        (await node.Get<SignIns>().SignInAsync(Node.Email(email), password, null, Ct)).ShouldBeNull();
    }

    [Fact]
    public async Task An_address_signs_up_once_even_when_asked_for_many_times_at_once()
    {
        var results = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => node.Get<SignUps>().SignUpAtOnceAsync("Mia", Node.Email("mia@example.com"), Password, Ct)));
        results.Count(result => result.Result is CommandResult<PersonState>.Done).ShouldBe(1);
        results.Select(result => result.Result).OfType<CommandResult<PersonState>.Refused>().ShouldAllBe(refused => refused.Code == "email_taken");
    }

    [Fact]
    public async Task A_sign_up_is_ended_by_the_mailed_link_once()
    {
        await node.Get<SignUps>().RequestAsync("Mia", Node.Email("mia@example.com"), Password, Ct);
        (await node.Get<SignIns>().SignInAsync(Node.Email("mia@example.com"), Password, null, Ct)).ShouldBeNull();
        var secret = await MailedSecretAsync();
        (await node.Get<SignUps>().ConfirmAsync(secret, Ct)).ShouldNotBeNull().Result.ShouldBeOfType<CommandResult<PersonState>.Done>();
        (await node.Get<SignIns>().SignInAsync(Node.Email("mia@example.com"), Password, null, Ct)).ShouldNotBeNull();
        (await node.Get<SignUps>().ConfirmAsync(secret, Ct)).ShouldBeNull();
    }

    [Fact]
    public async Task A_reset_sets_the_password_once_and_ends_every_session()
    {
        await FoundAsync("mia@example.com");
        var session = await node.Get<SignIns>().SignInAsync(Node.Email("mia@example.com"), Password, null, Ct);
        await node.Get<PasswordResets>().RequestAsync(Node.Email("mia@example.com"), Ct);
        await node.Get<PasswordResets>().RequestAsync(Node.Email("nobody@example.com"), Ct);
        var secret = await MailedSecretAsync();
        (await node.Get<PasswordResets>().ResetAsync(secret, "another horse battery", Ct)).ShouldNotBeNull();
        (await node.Get<PasswordResets>().ResetAsync(secret, "a third horse battery", Ct)).ShouldBeNull();
        (await IsLiveAsync(node, session!)).ShouldBeFalse();
        (await node.Get<SignIns>().SignInAsync(Node.Email("mia@example.com"), Password, null, Ct)).ShouldBeNull();
        (await node.Get<SignIns>().SignInAsync(Node.Email("mia@example.com"), "another horse battery", null, Ct)).ShouldNotBeNull();
    }

    [Fact]
    public async Task A_password_of_another_cost_is_hashed_again_at_sign_in()
    {
        await FoundAsync("mia@example.com");
        await using var dearer = await Node.StartAsync(database, ("Events:Identity:PasswordIterations", "2000"));
        (await dearer.Get<SignIns>().SignInAsync(Node.Email("mia@example.com"), Password, null, Ct)).ShouldNotBeNull();
        (await ScalarAsync("select hash from passwords")).ShouldStartWith("$pbkdf2-sha512$i=2000$");
        (await node.Get<SignIns>().SignInAsync(Node.Email("mia@example.com"), Password, null, Ct)).ShouldNotBeNull();
    }

    [Fact]
    public async Task What_one_node_revokes_another_refuses()
    {
        var founded = await FoundAsync("mia@example.com");
        await using var other = await Node.StartAsync(database);
        var session = (await node.Get<SignIns>().SignInAsync(Node.Email("mia@example.com"), Password, null, Ct))!;
        (await IsLiveAsync(other, session)).ShouldBeTrue();
        await node.Get<PersonCommands>().SignOutEverywhereAsync(founded.PersonId, Ct);
        (await IsLiveAsync(node, session)).ShouldBeFalse();
        await Eventually.IsTrueAsync(async () => !await IsLiveAsync(other, session), TimeSpan.FromSeconds(1));
    }

    [Fact]
    public async Task An_invited_person_joins_by_the_mailed_link_and_switches_to_the_workspace()
    {
        var founded = await FoundAsync("mia@example.com");
        var tenant = new TenantId(founded.WorkspaceId);
        var guest = (await node.Get<SignUps>().SignUpAtOnceAsync("Gus", Node.Email("gus@example.com"), Password, Ct)).PersonId;
        await node.Get<Invitations>().InviteAsync(
            new CommandContext(tenant, founded.PersonId.ToString()), Guid.CreateVersion7(), Node.Email("gus@example.com"), WorkspaceRole.Viewer, founded.PersonId, NoAnswer, Ct);
        var secret = await MailedSecretAsync();
        (await node.Get<Invitations>().FindAsync(secret, Ct)).ShouldNotBeNull().Email.ShouldBe("gus@example.com");
        (await node.Get<Invitations>().AcceptAsync(secret, guest, Ct)).ShouldBeOfType<CommandResult<WorkspaceState>.Done>();
        (await node.Get<Invitations>().AcceptAsync(secret, guest, Ct)).ShouldBeOfType<CommandResult<WorkspaceState>.Refused>();
        (await node.Get<AccessDirectory>().WorkspaceAsync(tenant, Ct)).RoleOf(guest).ShouldBe(WorkspaceRole.Viewer);
        var session = (await node.Get<SignIns>().SignInAsync(Node.Email("gus@example.com"), Password, founded.WorkspaceId, Ct))!;
        session.WorkspaceId.ShouldBe(founded.WorkspaceId);
    }

    [Fact]
    public async Task Erasing_a_person_leaves_the_history_and_nothing_of_them()
    {
        var founded = await FoundAsync("mia.miller@example.com");
        var session = (await node.Get<SignIns>().SignInAsync(Node.Email("mia.miller@example.com"), Password, null, Ct))!;
        var email = (await node.Get<AccessDirectory>().PersonAsync(founded.PersonId, Ct)).Email;
        (await node.Get<SubjectKeys>().OpenAsync(email, Ct)).ShouldBe("mia.miller@example.com");
        var before = long.Parse(await ScalarAsync("select count(*)::text from mt_events"));

        (await node.Get<PersonErasure>().EraseAsync(founded.PersonId, Ct)).ShouldBeOfType<CommandResult<PersonState>.Done>();

        (await node.Get<SubjectKeys>().OpenAsync(email, Ct)).ShouldBeNull();
        (await IsLiveAsync(node, session)).ShouldBeFalse();
        (await node.Get<SignIns>().SignInAsync(Node.Email("mia.miller@example.com"), Password, null, Ct)).ShouldBeNull();
        long.Parse(await ScalarAsync("select count(*)::text from mt_events")).ShouldBeGreaterThan(before);
        await using (var restarted = await Node.StartAsync(database))
            (await restarted.Get<SubjectKeys>().OpenAsync(email, Ct)).ShouldBeNull();
        // The address is free for whoever has it next.
        (await node.Get<SignUps>().SignUpAtOnceAsync("Mia", Node.Email("mia.miller@example.com"), Password, Ct)).Result.ShouldBeOfType<CommandResult<PersonState>.Done>();
    }

    [Fact]
    public async Task No_table_holds_a_name_an_address_a_password_or_a_secret_in_the_clear()
    {
        var founded = await FoundAsync("mia.miller@example.com");
        var session = (await node.Get<SignIns>().SignInAsync(Node.Email("mia.miller@example.com"), Password, null, Ct))!;
        await node.Get<PasswordResets>().RequestAsync(Node.Email("mia.miller@example.com"), Ct);
        var everything = await DumpAsync();
        everything.ShouldContain("person_signed_up");
        foreach (var secret in (string[])["Miller", "mia.miller", Password, founded.Token!, session.Secret, await MailedSecretAsync()])
            everything.ShouldNotContain(secret);
    }

    [Fact]
    public async Task Another_master_key_does_not_start()
    {
        await node.Get<MasterKeyCheck>().RequireSameAsync(Ct);
        await node.Get<MasterKeyCheck>().RequireSameAsync(Ct);
        var other = new MasterKeyCheck(database.DataSource, new MasterKey(new byte[MasterKey.Bytes]));
        (await Should.ThrowAsync<Platform.Startup.CannotStartException>(() => other.RequireSameAsync(Ct))).Message.ShouldContain("master key");
    }

    private static StoredAnswer NoAnswer(CommandResult<WorkspaceState>.Done done) => new(204, null, null, ReadOnlyMemory<byte>.Empty);

    /// <summary>The secret in the link of the last mail, opened as the sender would.</summary>
    private async Task<string> MailedSecretAsync()
    {
        var body = await ScalarAsync("select body::text from ready_messages where type = 'send_mail' order by seq desc limit 1");
        var mail = System.Text.Json.JsonSerializer.Deserialize(body, MailJson.Default.SendMail)!;
        var text = (await node.Get<SubjectKeys>().OpenAsync(mail.Text, Ct)).ShouldNotBeNull();
        var at = text.IndexOf(TokenSecret.Mail, StringComparison.Ordinal);
        return text[at..].Split(['\n', ' '])[0];
    }

    private async Task<string> ScalarAsync(string sql)
    {
        await using var command = database.DataSource.CreateCommand(sql);
        return (string)(await command.ExecuteScalarAsync(Ct))!;
    }

    private async Task<string> DumpAsync()
    {
        var dump = new System.Text.StringBuilder();
        var tables = await ScalarAsync("select string_agg(format('%I', tablename), ',') from pg_tables where schemaname = 'events'");
        foreach (var table in tables.Split(','))
            dump.AppendLine(await ScalarAsync($"select coalesce(string_agg(t::text, e'\\n'), '') from {table} t"));
        return dump.ToString();
    }
}
