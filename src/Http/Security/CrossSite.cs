namespace Events.Http.Security;

/// <summary>
/// Tells a change that another site made the browser send from one of our own pages or of a program. Browsers say where a
/// request comes from by <c>Sec-Fetch-Site</c>, older ones by <c>Origin</c>; what says neither is no browser.
/// </summary>
internal static class CrossSite
{
    public static bool Refuses(HttpRequest request, IList<string> allowedOrigins)
    {
        if (HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method) || HttpMethods.IsOptions(request.Method))
            return false;
        var origin = request.Headers.Origin.ToString();
        var site = request.Headers["Sec-Fetch-Site"].ToString();
        if (site is "same-origin" or "none")
            return false;
        if (site.Length == 0 && origin.Length == 0)
            return false;
        return !IsOwn(request, origin, site) && !allowedOrigins.Contains(origin);
    }

    // With Sec-Fetch-Site the browser has compared already; only where it is missing the origin has to do.
    private static bool IsOwn(HttpRequest request, string origin, string site) =>
        site.Length == 0 && string.Equals(origin, $"{request.Scheme}://{request.Host}", StringComparison.OrdinalIgnoreCase);
}
