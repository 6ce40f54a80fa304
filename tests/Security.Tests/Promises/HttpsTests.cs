using System.Net;
using Events.Security.Tests.Hosting;
using Shouldly;
using Xunit;

namespace Events.Security.Tests.Promises;

/// <summary>Behind a proxy that ends TLS and is trusted: what is only so over https.</summary>
public sealed class HttpsTests
{
    private const string Body = """{"email":"EMAIL","password":"PASSWORD"}""";

    private static readonly (string, string) Https = ("X-Forwarded-Proto", "https");

    [Fact]
    public async Task Over_https_the_cookie_is_bound_to_the_host_and_browsers_stay_with_https()
    {
        await using var service = new Service { Extra = { ["Events:Security:TrustedProxies:0"] = "127.0.0.1" } };
        await service.InitializeAsync();
        using var ask = new Asking(service.Url);
        var email = Service.NewEmail();
        await service.NewPersonAsync("Mia", email);
        var body = Body.Replace("EMAIL", email.Value, StringComparison.Ordinal).Replace("PASSWORD", Service.Password, StringComparison.Ordinal);

        var signedIn = await ask.SendAsync(Credential.None, "POST", "/api/v1/session", body, Https);
        signedIn.Status.ShouldBe(HttpStatusCode.Created, signedIn.Text);
        signedIn.Headers.GetValues("Strict-Transport-Security").Single().ShouldStartWith("max-age=63072000");
        var cookie = signedIn.Headers.GetValues("Set-Cookie").Single(c => c.StartsWith("__Host-events=", StringComparison.Ordinal));
        var attributes = cookie.Split(';', StringSplitOptions.TrimEntries).Skip(1).Select(a => a.ToLowerInvariant()).ToList();
        attributes.ShouldContain("secure");
        attributes.ShouldContain("httponly");
        attributes.ShouldContain("samesite=lax");
        attributes.ShouldContain("path=/");
        attributes.ShouldNotContain(a => a.StartsWith("domain", StringComparison.Ordinal));
        signedIn.Headers.GetValues("Set-Cookie").ShouldAllBe(c => c.Contains("secure", StringComparison.OrdinalIgnoreCase));

        var secret = cookie["__Host-events=".Length..].Split(';')[0];
        (await ask.SendAsync(Credential.None, "GET", "/api/v1/me", null, Https, ("Cookie", $"__Host-events={secret}"))).Status.ShouldBe(HttpStatusCode.OK);
        (await ask.SendAsync(Credential.None, "GET", "/api/v1/me", null, Https, ("Cookie", $"events={secret}"))).Status.ShouldBe(HttpStatusCode.Unauthorized);
        (await ask.SendAsync(Credential.None, "GET", "/api/v1/me", null, ("Cookie", $"__Host-events={secret}"))).Status.ShouldBe(HttpStatusCode.Unauthorized);

        var plain = await ask.SendAsync(Credential.None, "GET", "/api/v1/me");
        plain.Headers.Contains("Strict-Transport-Security").ShouldBeFalse();
    }

    [Fact]
    public async Task A_proxy_that_nobody_trusts_is_not_believed()
    {
        await using var service = new Service { Extra = { ["Events:Security:TrustedProxies:0"] = "192.0.2.1" } };
        await service.InitializeAsync();
        using var ask = new Asking(service.Url);
        var answer = await ask.SendAsync(Credential.None, "GET", "/api/v1/me", null, Https);
        answer.Headers.Contains("Strict-Transport-Security").ShouldBeFalse();
    }
}
