using System.Net;
using System.Text;
using Events.Commands.Workspaces;
using Events.EventStore;
using Events.Projections.Engine;
using Events.Projections.Rebuild;
using Events.Security.Tests.Hosting;
using Events.Security.Tests.Matrix;
using Microsoft.Extensions.DependencyInjection;
using Shouldly;
using Xunit;

namespace Events.Security.Tests.Erasure;

/// <summary>Of an erased person the history keeps what was done and nothing that says who it was.</summary>
public sealed class ErasureTests(Service service)
{
    private const string Name = "Wilhelmina Quistenbosch";

    [Fact]
    public async Task After_an_erasure_no_replay_and_no_table_shows_anything_of_the_person()
    {
        using var ask = new Asking(service.Url);
        var cast = await new Cast(service).AssembleAsync();
        var email = Service.NewEmail();
        var personId = await service.NewPersonAsync(Name, email);
        await service.Get<Commands.People.PersonCommands>().EnterWorkspaceAsync(personId, cast.WorkspaceId, CancellationToken.None);
        var owner = cast.Tokens[WorkspaceRole.Owner];
        var invitation = await ask.SendAsync(owner, "POST", "/api/v1/invitations", $$"""{"email":"{{email}}","role":"member"}""");
        invitation.Status.ShouldBe(HttpStatusCode.Created, invitation.Text);
        await JoinAsync(cast, personId);

        var session = await cast.SessionAsync("session", personId, cast.WorkspaceId);
        var project = await ask.SendAsync(session, "POST", "/api/v1/projects", """{"key":"WIL","name":"What she did"}""");
        project.Status.ShouldBe(HttpStatusCode.Created, project.Text);
        (await ask.SendAsync(owner, "GET", "/api/v1/members?limit=200")).Text.ShouldContain(Name);

        var erased = await ask.SendAsync(session, "POST", "/api/v1/me/erasure", $$"""{"password":"{{Service.Password}}"}""");
        erased.Status.ShouldBe(HttpStatusCode.NoContent, erased.Text);

        (await ask.SendAsync(session, "GET", "/api/v1/me")).Status.ShouldBe(HttpStatusCode.Unauthorized);
        (await ask.SendAsync(owner, "GET", "/api/v1/members?limit=200")).Text.ShouldNotContain(Name);
        (await ask.SendAsync(owner, "GET", $"/api/v1/projects/{(string)project.Body["id"]!}")).Status.ShouldBeOneOf(HttpStatusCode.OK, HttpStatusCode.NotFound);
        string[] traces = [Name, "Quistenbosch", email.Value];
        await NothingIsLeftAsync(traces);

        // Made again from the first event, the read models know no more; nor does a replay over HTTP, or a backup.
        foreach (var projection in service.Services.GetServices<Projection>())
            (await service.Get<ProjectionOperations>().RebuildAsync(projection.Name, "test", CancellationToken.None)).ShouldNotBeNull();
        await NothingIsLeftAsync(traces);
        var feed = await ask.SendAsync(owner, "GET", "/api/v1/events?after=0", null, ("Accept", "application/x-ndjson"));
        feed.Text.ShouldContain("What she did");
        var backup = await BackupAsync(ask, owner);
        backup.ShouldContain("What she did");
        foreach (var trace in traces)
        {
            feed.Text.ShouldNotContain(trace);
            backup.ShouldNotContain(trace);
        }
    }

    private async Task NothingIsLeftAsync(string[] traces)
    {
        var replay = await ReplayAsync();
        var everything = await DumpAsync();
        everything.ShouldContain("person_erased");
        foreach (var trace in traces)
        {
            replay.ShouldNotContain(trace);
            everything.ShouldNotContain(trace);
        }
    }

    private static async Task<string> BackupAsync(Asking ask, Credential owner)
    {
        var accepted = await ask.SendAsync(owner, "POST", "/api/v1/exports", """{"format":"events-ndjson"}""");
        accepted.Status.ShouldBe(HttpStatusCode.Accepted, accepted.Text);
        var job = accepted.Headers.Location!.ToString();
        Answer ended = accepted;
        await Eventually.IsTrueAsync(async () => (string?)(ended = await ask.SendAsync(owner, "GET", job)).Body["status"] == "succeeded");
        var file = await ask.SendAsync(owner, "GET", $"/api/v1/files/{(string)ended.Body["result"]!["fileId"]!}");
        return (await ask.SendAsync(Credential.None, "GET", new Uri((string)file.Body["download"]!["url"]!).PathAndQuery)).Text;
    }

    [Fact]
    public async Task The_last_owner_of_others_is_not_erased()
    {
        using var ask = new Asking(service.Url);
        var cast = await new Cast(service).AssembleAsync();
        var session = await cast.SessionAsync("session", cast.OwnerId, cast.WorkspaceId);
        var refused = await ask.SendAsync(session, "POST", "/api/v1/me/erasure", $$"""{"password":"{{Service.Password}}"}""");
        refused.Code.ShouldBe("last_owner");
    }

    private async Task JoinAsync(Cast cast, Guid personId)
    {
        var unit = new UnitOfWork(cast.Tenant, [new(cast.WorkspaceId, WorkspaceState.StreamType, ExpectedVersion.Any, [new MemberJoined(personId, WorkspaceRole.Member, null)])]);
        (await service.Get<EventAppender>().AppendAsync(unit, CancellationToken.None)).ShouldBeOfType<AppendOutcome.Appended>();
        service.Get<AggregateLoader<WorkspaceState>>().Forget(cast.Tenant, cast.WorkspaceId);
        service.Get<Commands.Access.AccessDirectory>().Forget(cast.Tenant, cast.WorkspaceId);
    }

    private async Task<string> ReplayAsync()
    {
        var replay = new StringBuilder();
        await foreach (var recorded in service.Get<EventReader>().ReadAllAsync(0, EventFilter.All, CancellationToken.None))
            replay.AppendLine(Encoding.UTF8.GetString(recorded.Data.Span)).AppendLine(recorded.Body?.ToString());
        return replay.ToString();
    }

    private async Task<string> DumpAsync()
    {
        var dump = new StringBuilder();
        foreach (var table in (await TextAsync("select string_agg(format('%I.%I', schemaname, tablename), ',') from pg_tables where schemaname = 'events'")).Split(','))
            dump.AppendLine(await TextAsync($"select coalesce(string_agg(t::text, e'\\n'), '') from {table} t"));
        return dump.ToString();
    }

    private async Task<string> TextAsync(string sql)
    {
        await using var command = service.Database.DataSource.CreateCommand(sql);
        return (string)(await command.ExecuteScalarAsync())!;
    }
}
