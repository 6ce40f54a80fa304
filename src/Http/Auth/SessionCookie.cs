namespace Events.Http.Auth;

/// <summary>
/// The cookie of a session: out of reach of scripts, sent on navigation but not by other sites' forms, and over https bound to
/// this host by its name.
/// </summary>
internal static class SessionCookie
{
    private const string Secure = "__Host-events";

    // Browsers refuse the prefix without https; localhost in development has none.
    private const string Plain = "events";

    public static string? Read(HttpRequest request) =>
        request.Headers.Cookie.Count == 0 ? null : request.Cookies[request.IsHttps ? Secure : Plain];

    public static void Write(HttpContext http, string secret, DateTimeOffset expires) =>
        http.Response.Cookies.Append(http.Request.IsHttps ? Secure : Plain, secret, Options(http.Request, expires));

    public static void Delete(HttpContext http) =>
        http.Response.Cookies.Append(http.Request.IsHttps ? Secure : Plain, "", Options(http.Request, DateTimeOffset.UnixEpoch));

    private static CookieOptions Options(HttpRequest request, DateTimeOffset expires) => new()
    {
        HttpOnly = true,
        Secure = request.IsHttps,
        SameSite = SameSiteMode.Lax,
        Path = "/",
        Expires = expires,
        IsEssential = true,
    };
}
