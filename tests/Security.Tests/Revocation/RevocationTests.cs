using System.Diagnostics;
using System.Globalization;
using System.Net;
using Events.Commands.People;
using Events.Commands.Permissions;
using Events.Commands.Workspaces;
using Events.Security.Tests.Hosting;
using Events.Security.Tests.Matrix;
using Shouldly;
using Xunit;

namespace Events.Security.Tests.Revocation;

public sealed class RevocationTests(Service service)
{
    private const int Rounds = 50;
    private static readonly TimeSpan Promise = TimeSpan.FromSeconds(1);

    /// <summary>
    /// Revoked through one process, asked of another that holds the credential warm in memory: the time from the revocation's
    /// answer to the first refusal.
    /// </summary>
    [Fact]
    public async Task What_one_process_revokes_another_refuses_within_a_second()
    {
        var ct = TestContext.Current.CancellationToken;
        await using var other = await OtherProcess.StartAsync(service, ct);
        using var here = new Asking(service.Url);
        using var there = new Asking(other.Url);
        var cast = await new Cast(service).AssembleAsync();
        var owner = cast.Tokens[WorkspaceRole.Owner];

        Func<Task<(Credential, Func<Task<Answer>>)>>[] kinds =
        [
            async () =>
            {
                var made = await here.SendAsync(owner, "POST", "/api/v1/tokens", """{"name":"short-lived","scopes":["members:read","members:write"]}""");
                made.Status.ShouldBe(HttpStatusCode.Created, made.Text);
                return (Credential.OfToken("token revoked", (string)made.Body["token"]!), () => here.SendAsync(owner, "DELETE", $"/api/v1/tokens/{made.Body["id"]}"));
            },
            async () =>
            {
                var session = await cast.SessionAsync("session ended", cast.OwnerId, cast.WorkspaceId);
                return (session, () => here.SendAsync(session, "DELETE", "/api/v1/session"));
            },
            async () =>
            {
                var person = await cast.JoinAsync(WorkspaceRole.Admin);
                var token = Credential.OfToken("role lowered", await cast.TokenAsync(person, RolePermissions.Of(WorkspaceRole.Admin)));
                return (token, () => here.SendAsync(owner, "PATCH", $"/api/v1/members/{person}", """{"role":"viewer"}"""));
            },
            async () =>
            {
                var person = await cast.JoinAsync(WorkspaceRole.Admin);
                var token = Credential.OfToken("member removed", await cast.TokenAsync(person, RolePermissions.Of(WorkspaceRole.Admin)));
                return (token, () => here.SendAsync(owner, "DELETE", $"/api/v1/members/{person}"));
            },
        ];

        Console.WriteLine("\n| revoked in one process, refused in another | rounds | p50 ms | p99 ms | max ms |\n| --- | ---: | ---: | ---: | ---: |");
        foreach (var kind in kinds)
        {
            var took = new List<double>();
            var name = "";
            for (var round = 0; round < Rounds; round++)
            {
                var (credential, revoke) = await kind();
                name = credential.Kind;
                var admitted = await there.SendAsync(credential, "GET", "/api/v1/invitations");
                admitted.Status.ShouldBe(HttpStatusCode.OK, $"{name} {round}: {admitted.Text}");
                ((int)(await revoke()).Status).ShouldBe(204);
                took.Add(await UntilRefusedAsync(there, credential));
            }

            took.Sort();
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture, $"| {name} | {Rounds} | {took[Rounds / 2]:f1} | {took[(int)(Rounds * 0.99)]:f1} | {took[^1]:f1} |"));
            took[^1].ShouldBeLessThan(Promise.TotalMilliseconds);
        }
    }

    /// <summary>
    /// The other process holds the person as it was before: it must look again before it refuses a session that is younger than
    /// what it knows.
    /// </summary>
    [Fact]
    public async Task Who_signs_in_after_signing_out_everywhere_is_admitted_by_every_process_at_once()
    {
        var ct = TestContext.Current.CancellationToken;
        await using var other = await OtherProcess.StartAsync(service, ct);
        using var there = new Asking(other.Url);
        var cast = await new Cast(service).AssembleAsync();
        for (var round = 0; round < Rounds; round++)
        {
            var session = await cast.SessionAsync("new session", cast.OwnerId, cast.WorkspaceId);
            var admitted = await there.SendAsync(session, "GET", "/api/v1/invitations");
            admitted.Status.ShouldBe(HttpStatusCode.OK, $"{round}: {admitted.Text}");
            await service.Get<PersonCommands>().SignOutEverywhereAsync(cast.OwnerId, ct);
        }
    }

    private static async Task<double> UntilRefusedAsync(Asking there, Credential credential)
    {
        var started = Stopwatch.GetTimestamp();
        while (true)
        {
            var answer = await there.SendAsync(credential, "GET", "/api/v1/invitations");
            var took = Stopwatch.GetElapsedTime(started);
            if (answer.Status is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden)
                return took.TotalMilliseconds;
            took.ShouldBeLessThan(TimeSpan.FromSeconds(10), $"{credential.Kind} still works.");
        }
    }
}
