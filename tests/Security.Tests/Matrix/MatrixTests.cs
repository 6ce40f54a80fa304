using System.Globalization;
using System.Net;
using System.Text;
using Events.Commands.Permissions;
using Events.Commands.Workspaces;
using Events.Http.Auth;
using Events.Http.Describing;
using Events.Security.Tests.Hosting;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Shouldly;
using Xunit;

namespace Events.Security.Tests.Matrix;

/// <summary>Every endpoint of the running service, tried by everybody who must not and everybody who may.</summary>
public sealed class MatrixTests(Service service)
{
    private const string SampleId = "01938f5e-7b3a-7c62-9d1f-0a1b2c3d4e5f";
    private const string Broken = "{\"broken";

    // Refusals that come from the door rather than from the endpoint behind it.
    private static readonly string[] AtTheDoor = ["unauthenticated", "forbidden", "people_only", "no_workspace", "cross_site"];

    private readonly SortedDictionary<string, (int Tried, int Refused, int Admitted)> counts = new(StringComparer.Ordinal);
    private readonly List<string> leaks = [];

    private IEnumerable<(RouteEndpoint Endpoint, string Method, AccessDeclaration? Declared)> Endpoints() =>
        from endpoint in service.Get<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
        from method in endpoint.Metadata.GetMetadata<IHttpMethodMetadata>()?.HttpMethods ?? ["GET"]
        where method is "GET" or "POST" or "PUT" or "PATCH" or "DELETE"
        select (endpoint, method, endpoint.Metadata.GetMetadata<AccessDeclaration>());

    [Fact]
    public void Every_endpoint_says_who_may_use_it()
    {
        var silent = Endpoints().Where(entry => entry.Declared is null).Select(entry => $"{entry.Method} {entry.Endpoint.RoutePattern.RawText}").ToList();
        silent.ShouldBeEmpty("Add RequirePermission, RequireSignedIn or AllowAnybody.");
        Endpoints().Select(entry => entry.Declared).OfType<AccessDeclaration.Anybody>().ShouldAllBe(anybody => anybody.Reason.Length > 10);
    }

    [Fact]
    public async Task P8_no_answer_holds_another_tenants_data_and_nobody_does_what_they_may_not()
    {
        using var ask = new Asking(service.Url);
        var cast = await new Cast(service).AssembleAsync();
        var stage = await new Stage(cast, ask).SetAsync();
        await TryTheDeadAsync(cast, stage, ask);
        await TryTheRolesAsync(cast, stage, ask);
        await TryTheStrangerAsync(cast, stage, ask);
        await TryTheHiddenProjectAsync(cast, stage, ask);
        Print();
        leaks.ShouldBeEmpty();
    }

    private async Task TryTheDeadAsync(Cast cast, Stage stage, Asking ask)
    {
        foreach (var (endpoint, method, declared) in Endpoints().Where(entry => entry.Declared is not AccessDeclaration.Anybody))
        {
            foreach (var credential in cast.Dead)
            {
                var answer = await ask.SendAsync(credential, method, stage.PathOf(endpoint), BodyOf(endpoint, method, stage));
                Judge(credential.Kind, endpoint, method, answer, answer.Status == HttpStatusCode.Unauthorized && !HoldsAnything(answer, cast, stage), "401 and nothing else");
            }
        }
    }

    private async Task TryTheRolesAsync(Cast cast, Stage stage, Asking ask)
    {
        foreach (var (endpoint, method, declared) in Endpoints())
        {
            foreach (var (role, token) in cast.Tokens)
            {
                var session = await cast.SessionAsync($"{token.Kind}'s session", cast.People[role], cast.WorkspaceId);
                await TryRoleAsync(endpoint, method, declared, role, token, stage, ask);
                await TryRoleAsync(endpoint, method, declared, role, session, stage, ask);
            }

            if (declared is not AccessDeclaration.Permitted)
                continue;
            var unscoped = await ask.SendAsync(cast.Unscoped, method, stage.PathOf(endpoint), BodyOf(endpoint, method, stage));
            Judge(cast.Unscoped.Kind, endpoint, method, unscoped, unscoped.Status == HttpStatusCode.Forbidden, "403");
            if (method == "GET")
                continue;
            var forged = await ask.SendAsync(
                await cast.SessionAsync("", cast.OwnerId, cast.WorkspaceId) with { Kind = "owner's session, from another site" },
                method, stage.PathOf(endpoint), BodyOf(endpoint, method, stage), ("Origin", "https://evil.example"), ("Sec-Fetch-Site", "cross-site"));
            Judge("owner's session, from another site", endpoint, method, forged, forged.Code == "cross_site", "403 cross_site");
        }
    }

    private async Task TryRoleAsync(RouteEndpoint endpoint, string method, AccessDeclaration? declared, WorkspaceRole role, Credential credential, Stage stage, Asking ask)
    {
        var may = declared switch
        {
            AccessDeclaration.Permitted permitted => RolePermissions.Of(role).Holds(permitted.Permission),
            AccessDeclaration.SignedIn => credential.Cookie is not null,
            _ => true,
        };
        // A body that cannot be read tells who was let in from who was not, and changes nothing.
        var answer = await ask.SendAsync(credential, method, stage.PathOf(endpoint), method == "GET" ? null : may ? Broken : BodyOf(endpoint, method, stage));
        var refused = answer.Status is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden && AtTheDoor.Contains(answer.Code);
        Judge(credential.Kind, endpoint, method, answer, refused != may && (int)answer.Status < 500, may ? "to be let in" : "403");
    }

    private async Task TryTheStrangerAsync(Cast cast, Stage stage, Asking ask)
    {
        var before = await HistoryAsync(cast);
        foreach (var (endpoint, method, declared) in Endpoints().Where(entry => entry.Declared is AccessDeclaration.Permitted))
        {
            var answer = await ask.SendAsync(cast.Stranger, method, stage.PathOf(endpoint), BodyOf(endpoint, method, stage));
            Judge(cast.Stranger.Kind, endpoint, method, answer, !HoldsAnything(answer, cast, stage) && (int)answer.Status < 500, "nothing of the first workspace");
            var named = await ask.SendAsync(cast.StrangersSession, method, stage.PathOf(endpoint), BodyOf(endpoint, method, stage), ("Events-Workspace", cast.WorkspaceId.ToString()));
            Judge("session naming a workspace that it is not in", endpoint, method, named, named.Code == "no_workspace", "403 no_workspace");
        }

        (await HistoryAsync(cast)).ShouldBe(before, "Another workspace's owner changed something.");
    }

    private async Task TryTheHiddenProjectAsync(Cast cast, Stage stage, Asking ask)
    {
        var kind = "member from whom a project is hidden";
        foreach (var (endpoint, method, _) in Endpoints().Where(entry => entry.Declared is AccessDeclaration.Permitted))
        {
            var answer = await ask.SendAsync(cast.Tokens[WorkspaceRole.Member], method, stage.PathOf(endpoint, hidden: true), BodyOf(endpoint, method, stage));
            Judge(kind, endpoint, method, answer, !answer.Text.Contains(Cast.HiddenMarker, StringComparison.Ordinal) && (int)answer.Status < 500, "nothing of the project");
        }

        foreach (var query in (string[])["/api/v1/tasks?limit=200", $"/api/v1/tasks?projectId={stage.HiddenProject}", "/api/v1/projects?limit=200", $"/api/v1/search?q={Cast.HiddenMarker}", $"/api/v1/tasks?assigneeId={cast.People[WorkspaceRole.Member]}"])
        {
            var answer = await ask.SendAsync(cast.Tokens[WorkspaceRole.Member], "GET", query);
            Count(kind, refused: false);
            if (answer.Text.Contains(Cast.HiddenMarker, StringComparison.Ordinal))
                leaks.Add($"{kind}: GET {query} answered {(int)answer.Status} with the hidden project.");
        }
    }

    private void Judge(string kind, RouteEndpoint endpoint, string method, Answer answer, bool right, string wanted)
    {
        Count(kind, (int)answer.Status is 401 or 403 or 404);
        if (!right)
            leaks.Add($"{kind}: {method} {endpoint.RoutePattern.RawText} answered {(int)answer.Status} {answer.Code}, wanted {wanted}. {(answer.Text.Length > 200 ? answer.Text[..200] : answer.Text)}");
    }

    private void Count(string kind, bool refused)
    {
        var (tried, no, yes) = counts.GetValueOrDefault(kind);
        counts[kind] = (tried + 1, no + (refused ? 1 : 0), yes + (refused ? 0 : 1));
    }

    // The ids themselves are in the stranger's own requests, so an answer may repeat them; the texts are not.
    private static bool HoldsAnything(Answer answer, Cast cast, Stage stage) => answer.Text.Contains(Cast.Marker, StringComparison.Ordinal);

    /// <summary>The endpoint's own example with the first workspace's project in the place of every id.</summary>
    private static string? BodyOf(RouteEndpoint endpoint, string method, Stage stage)
    {
        if (method == "GET")
            return null;
        var operation = endpoint.Metadata.GetMetadata<Operation>();
        return operation?.Body?.Example.Replace(SampleId, stage.Project.ToString(), StringComparison.Ordinal);
    }

    private async Task<string> HistoryAsync(Cast cast)
    {
        await using var command = service.Database.DataSource.CreateCommand("select count(*) || ' up to ' || max(seq_id) from mt_events where tenant_id = $1");
        command.Parameters.Add(new() { Value = cast.Tenant.Value });
        return (string)(await command.ExecuteScalarAsync())!;
    }

    private void Print()
    {
        var table = new StringBuilder();
        table.AppendLine().AppendLine("| who | cells | refused | let in |").AppendLine("| --- | ---: | ---: | ---: |");
        foreach (var (kind, (tried, refused, admitted)) in counts)
            table.AppendLine(CultureInfo.InvariantCulture, $"| {kind} | {tried} | {refused} | {admitted} |");
        table.AppendLine().AppendLine(CultureInfo.InvariantCulture, $"{Endpoints().Count()} endpoints, {counts.Values.Sum(count => count.Tried)} cells tried, {leaks.Count} leaks");
        Console.WriteLine(table);
        TestContext.Current.TestOutputHelper?.WriteLine(table.ToString());
    }
}
