using System.Net;
using System.Text;
using Events.Commands.Workspaces;
using Events.Security.Tests.Hosting;
using Events.Security.Tests.Matrix;
using Shouldly;
using Xunit;

namespace Events.Security.Tests.Promises;

/// <summary>What the door does besides letting in and refusing.</summary>
public sealed class DoorTests(Service service)
{
    private const string SignIn = "/api/v1/session";

    private static string Credentials(object email, string password = Service.Password) => $$"""{"email":"{{email}}","password":"{{password}}"}""";

    [Fact]
    public async Task Signing_in_sets_a_cookie_out_of_reach_of_scripts_and_other_sites()
    {
        using var ask = new Asking(service.Url);
        var email = Service.NewEmail();
        await service.NewPersonAsync("Mia", email);
        var answer = await ask.SendAsync(Credential.None, "POST", SignIn, Credentials(email));
        answer.Status.ShouldBe(HttpStatusCode.Created, answer.Text);
        var cookie = answer.Headers.GetValues("Set-Cookie").Single(c => c.StartsWith("events=", StringComparison.Ordinal)).ToLowerInvariant();
        cookie.ShouldContain("httponly");
        cookie.ShouldContain("samesite=lax");
        cookie.ShouldContain("path=/");
        answer.Headers.CacheControl!.NoStore.ShouldBeTrue();
        var secret = cookie["events=".Length..].Split(';')[0];
        answer.Text.ShouldNotContain(secret);
    }

    [Theory]
    [InlineData("/api/v1/session")]
    [InlineData("/api/v1/me")]
    public async Task Whoever_knows_who_they_are_is_answered_304(string path)
    {
        using var ask = new Asking(service.Url);
        var email = Service.NewEmail();
        await service.NewPersonAsync("Mia", email);
        var signedIn = await ask.SendAsync(Credential.None, "POST", SignIn, Credentials(email));
        var cookie = ("Cookie", signedIn.Headers.GetValues("Set-Cookie").Single(c => c.StartsWith("events=", StringComparison.Ordinal)).Split(';')[0]);
        var whole = await ask.SendAsync(Credential.None, "GET", path, null, cookie);
        whole.Status.ShouldBe(HttpStatusCode.OK, whole.Text);
        var again = await ask.SendAsync(Credential.None, "GET", path, null, cookie, ("If-None-Match", whole.Headers.ETag!.ToString()));
        (again.Status, again.Text).ShouldBe((HttpStatusCode.NotModified, ""));
        (await ask.SendAsync(Credential.None, "GET", path, null, cookie, ("If-None-Match", "\"another\""))).Status.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task A_repeated_founding_is_one_workspace_and_counts_against_the_quota()
    {
        using var ask = new Asking(service.Url);
        var cast = new Cast(service);
        var person = await service.NewPersonAsync("Mia");
        var session = await cast.SessionAsync("session", person, null);
        var answers = new List<Answer>();
        for (var i = 0; i < 2; i++)
            answers.Add(await ask.SendAsync(session, "POST", "/api/v1/workspaces", """{"name":"Mine"}""", ("Idempotency-Key", "w-1")));
        answers.ShouldAllBe(a => a.Status == HttpStatusCode.Created);
        answers[1].Text.ShouldBe(answers[0].Text);
        answers[1].Headers.Contains("Idempotency-Replayed").ShouldBeTrue();
        answers.ShouldAllBe(a => a.Headers.Contains("RateLimit") && a.Headers.Contains("RateLimit-Policy"));
        (await ask.SendAsync(session, "POST", "/api/v1/workspaces", """{"name":"Another"}""", ("Idempotency-Key", "w-1"))).Code.ShouldBe("idempotency_key_reused");
        (await ask.SendAsync(session, "POST", "/api/v1/workspaces", """{"name":"Another"}""", ("Idempotency-Key", new string('k', 10_000)))).Code.ShouldBe("malformed_idempotency_key");
        (await ask.SendAsync(session, "GET", "/api/v1/workspaces")).Body["items"]!.AsArray().Count.ShouldBe(1);
        (await ask.SendAsync(session, "POST", "/api/v1/workspaces", """{"name":"Mine"}""")).Status.ShouldBe(HttpStatusCode.Created);
        (await ask.SendAsync(session, "GET", "/api/v1/workspaces")).Body["items"]!.AsArray().Count.ShouldBe(2);
    }

    [Fact]
    public async Task A_stranger_and_a_wrong_password_are_answered_alike()
    {
        using var ask = new Asking(service.Url);
        var email = Service.NewEmail();
        await service.NewPersonAsync("Mia", email);
        var wrong = await ask.SendAsync(Credential.None, "POST", SignIn, Credentials(email, "wrong horse battery"));
        var stranger = await ask.SendAsync(Credential.None, "POST", SignIn, Credentials(Service.NewEmail(), "wrong horse battery"));
        stranger.Status.ShouldBe(HttpStatusCode.Unauthorized);
        wrong.Status.ShouldBe(stranger.Status);
        wrong.Body["detail"]!.ToString().ShouldBe(stranger.Body["detail"]!.ToString());
        wrong.Code.ShouldBe(stranger.Code);
    }

    [Fact]
    public async Task Guessing_locks_out_the_guesser_and_not_the_owner()
    {
        using var ask = new Asking(service.Url);
        var email = Service.NewEmail();
        await service.NewPersonAsync("Mia", email);
        var first = await ask.SendAsync(Credential.None, "POST", SignIn, Credentials(email));
        var device = first.Headers.GetValues("Set-Cookie").Single(c => c.StartsWith("events-device=", StringComparison.Ordinal)).Split(';')[0];

        Answer last = first;
        for (var i = 0; i < 11; i++)
            last = await ask.SendAsync(Credential.None, "POST", SignIn, Credentials(email, "wrong horse battery"));
        last.Status.ShouldBe(HttpStatusCode.TooManyRequests);
        last.Code.ShouldBe("quota_exceeded");
        ((string)last.Body["type"]!).ShouldBe("https://iana.org/assignments/http-problem-types#quota-exceeded");
        last.Headers.RetryAfter.ShouldNotBeNull();
        (await ask.SendAsync(Credential.None, "POST", SignIn, Credentials(email))).Status.ShouldBe(HttpStatusCode.TooManyRequests);

        // The owner's own browser, even from the guesser's network.
        var own = await ask.SendAsync(Credential.None, "POST", SignIn, Credentials(email), ("Cookie", device));
        own.Status.ShouldBe(HttpStatusCode.Created, own.Text);
        // Another account from the guesser's network.
        var neighbour = Service.NewEmail();
        await service.NewPersonAsync("Noa", neighbour);
        (await ask.SendAsync(Credential.None, "POST", SignIn, Credentials(neighbour))).Status.ShouldBe(HttpStatusCode.Created);
    }

    [Fact]
    public async Task Every_answer_of_the_api_says_what_is_left_of_the_quota()
    {
        using var ask = new Asking(service.Url);
        var founded = await service.FoundAsync("quota");
        var answer = await ask.SendAsync(Credential.OfToken("owner", founded.Token!), "GET", "/api/v1/workspace");
        answer.Headers.GetValues("RateLimit-Policy").Single().ShouldStartWith("\"default\";q=");
        answer.Headers.GetValues("RateLimit").Single().ShouldStartWith("\"default\";r=");
        var credentials = await ask.SendAsync(Credential.None, "POST", SignIn, Credentials(Service.NewEmail()));
        credentials.Headers.GetValues("RateLimit-Policy").Single().ShouldStartWith("\"credentials\";q=");
    }

    [Theory]
    [InlineData("/api/v1/workspace", "default-src 'none'")]
    [InlineData("/", "default-src 'self'")]
    [InlineData("/nothing/here", "default-src 'self'")]
    public async Task Every_answer_tells_browsers_to_be_careful(string path, string policy)
    {
        using var ask = new Asking(service.Url);
        var answer = await ask.SendAsync(Credential.None, "GET", path);
        answer.Headers.GetValues("X-Content-Type-Options").Single().ShouldBe("nosniff");
        answer.Headers.GetValues("Content-Security-Policy").Single().ShouldContain(policy);
        answer.Headers.GetValues("X-Frame-Options").Single().ShouldBe("DENY");
        answer.Headers.GetValues("Referrer-Policy").Single().ShouldBe("no-referrer");
        answer.Headers.Contains("Server").ShouldBeFalse();
    }

    [Fact]
    public async Task Other_origins_get_no_leave_unless_configured()
    {
        using var ask = new Asking(service.Url);
        var answer = await ask.SendAsync(Credential.None, "OPTIONS", "/api/v1/tasks", null, ("Origin", "https://evil.example"), ("Access-Control-Request-Method", "POST"));
        answer.Headers.Contains("Access-Control-Allow-Origin").ShouldBeFalse();
    }

    [Fact]
    public async Task Headers_and_bodies_are_bounded()
    {
        using var ask = new Asking(service.Url);
        var founded = await service.FoundAsync("bounds");
        var owner = Credential.OfToken("owner", founded.Token!);
        (await ask.SendAsync(owner, "GET", "/api/v1/workspace", null, ("X-Long", new string('x', 40_000)))).Status.ShouldBe(HttpStatusCode.RequestHeaderFieldsTooLarge);
        var large = $$"""{"name":"{{new string('x', 2 << 20)}}"}""";
        (await ask.SendAsync(owner, "PATCH", "/api/v1/workspace", large)).Status.ShouldBe(HttpStatusCode.RequestEntityTooLarge);
    }

    [Fact]
    public async Task A_tokens_secret_is_shown_once_even_to_a_repeated_request()
    {
        using var ask = new Asking(service.Url);
        var founded = await service.FoundAsync("once");
        var owner = Credential.OfToken("owner", founded.Token!);
        const string Body = """{"name":"ci","scopes":["tasks:read"]}""";
        var first = await ask.SendAsync(owner, "POST", "/api/v1/tokens", Body, ("Idempotency-Key", "\"one\""));
        var again = await ask.SendAsync(owner, "POST", "/api/v1/tokens", Body, ("Idempotency-Key", "\"one\""));
        var secret = (string)first.Body["token"]!;
        again.Status.ShouldBe(HttpStatusCode.Created, again.Text);
        ((string)again.Body["id"]!).ShouldBe((string)first.Body["id"]!);
        again.Text.ShouldNotContain(secret);
        (await ask.SendAsync(owner, "GET", "/api/v1/tokens")).Text.ShouldNotContain(secret);
    }

    [Fact]
    public async Task One_person_works_in_two_workspaces_by_switching_or_by_naming()
    {
        using var ask = new Asking(service.Url);
        var first = await service.FoundAsync("first");
        var cast = await new Cast(service).AssembleAsync();
        var session = await cast.SessionAsync("session", first.PersonId, first.WorkspaceId);
        var second = await ask.SendAsync(session, "POST", "/api/v1/workspaces", """{"name":"second"}""");
        second.Status.ShouldBe(HttpStatusCode.Created, second.Text);
        var secondId = (string)second.Body["id"]!;
        ((string)(await ask.SendAsync(session, "GET", "/api/v1/workspace")).Body["name"]!).ShouldBe("first workspace");
        ((string)(await ask.SendAsync(session, "GET", "/api/v1/workspace", null, ("Events-Workspace", secondId))).Body["name"]!).ShouldBe("second");
        (await ask.SendAsync(session, "PATCH", SignIn, $$"""{"workspaceId":"{{secondId}}"}""")).Status.ShouldBe(HttpStatusCode.NoContent);
        ((string)(await ask.SendAsync(session, "GET", "/api/v1/workspace")).Body["name"]!).ShouldBe("second");
        (await ask.SendAsync(session, "PATCH", SignIn, $$"""{"workspaceId":"{{cast.WorkspaceId}}"}""")).Status.ShouldBe(HttpStatusCode.Forbidden);
        (await ask.SendAsync(session, "GET", "/api/v1/workspaces")).Body["items"]!.AsArray().Count.ShouldBe(2);
    }

    [Fact]
    public async Task The_audit_log_tells_admins_who_did_and_who_was_refused_and_no_secret()
    {
        using var ask = new Asking(service.Url);
        var cast = await new Cast(service).AssembleAsync();
        var owner = cast.Tokens[WorkspaceRole.Owner];
        var label = await ask.SendAsync(owner, "POST", "/api/v1/labels", """{"name":"audited","color":"#112233"}""");
        label.Status.ShouldBe(HttpStatusCode.Created, label.Text);
        (await ask.SendAsync(cast.Tokens[WorkspaceRole.Viewer], "POST", "/api/v1/labels?token=evt_secret-in-a-query", """{"name":"no"}""")).Status.ShouldBe(HttpStatusCode.Forbidden);

        var text = new StringBuilder();
        await Eventually.IsTrueAsync(async () =>
        {
            var page = await ask.SendAsync(owner, "GET", "/api/v1/audit?limit=200");
            page.Status.ShouldBe(HttpStatusCode.OK, page.Text);
            var entries = page.Body["items"]!.AsArray();
            text.Clear().Append(page.Text);
            return entries.Any(e => (string)e!["outcome"]! == "forbidden" && (string)e["actorId"]! == cast.People[WorkspaceRole.Viewer].ToString())
                && entries.Any(e => (string)e!["outcome"]! == "done" && (string)e["action"]! == "POST /api/v1/labels");
        });
        text.ToString().ShouldNotContain("secret-in-a-query");
        text.ToString().ShouldNotContain(owner.Bearer!);
        (await ask.SendAsync(owner, "GET", "/api/v1/audit?outcome=forbidden&limit=1")).Body["items"]!.AsArray().Count.ShouldBe(1);
        (await ask.SendAsync(owner, "GET", "/api/v1/audit/export?outcome=forbidden")).Text.ShouldContain("\"forbidden\"");
        (await ask.SendAsync(cast.Tokens[WorkspaceRole.Member], "GET", "/api/v1/audit")).Status.ShouldBe(HttpStatusCode.Forbidden);
    }
}
