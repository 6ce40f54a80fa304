using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace Events.Platform.ObjectStorage;

/// <summary>
/// Where the local store's links lead: outside the JSON API, no credentials but the signature. Bytes stream from the socket to
/// the disk and back; ranges make an interrupted download resumable.
/// </summary>
public static class LocalStorageEndpoints
{
    public static IEndpointConventionBuilder MapLocalStorage(this IEndpointRouteBuilder app, LocalObjectStore store, LinkSigner signer)
    {
        var routes = app.MapGroup("");
        routes.MapPut(LinkSigner.PathPrefix + "{**key}", (string key, HttpContext http, CancellationToken ct) => ReceiveAsync(key, http, store, signer, ct))
            .ExcludeFromDescription();
        routes.MapMethods(LinkSigner.PathPrefix + "{**key}", [HttpMethods.Get, HttpMethods.Head], (string key, HttpContext http) => Send(key, http, store, signer))
            .ExcludeFromDescription();
        return routes;
    }

    private static async Task<Results<Ok, ProblemHttpResult>> ReceiveAsync(
        string key, HttpContext http, LocalObjectStore store, LinkSigner signer, CancellationToken ct)
    {
        if (Verified(HttpMethods.Put, key, http, signer) is not { } terms)
            return Refused();
        if (http.Request.ContentLength is { } length && length != terms.Size)
            return Problem(StatusCodes.Status400BadRequest, "wrong_size", $"The body has {length:N0} bytes; the link was made for {terms.Size:N0}.");
        if (!string.Equals(http.Request.ContentType, terms.ContentType, StringComparison.OrdinalIgnoreCase))
            return Problem(StatusCodes.Status415UnsupportedMediaType, "wrong_type", $"Send it with 'Content-Type: {terms.ContentType}', as the link says.");
        if (http.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit)
            limit.MaxRequestBodySize = terms.Size;
        try
        {
            var written = await store.ReceiveAsync(terms, http.Request.Body, ct);
            http.Response.Headers["Repr-Digest"] = $"sha-256=:{Convert.ToBase64String(Convert.FromHexString(written.Sha256))}:";
            return TypedResults.Ok();
        }
        catch (ObjectRefusedException refused)
        {
            return Problem(StatusCodes.Status400BadRequest, refused.Code, refused.Message);
        }
        catch (BadHttpRequestException refused)
        {
            return Problem(refused.StatusCode, "bad_body", "The body is not as long as the link says, or was cut off.");
        }
    }

    private static Results<PhysicalFileHttpResult, ProblemHttpResult> Send(string key, HttpContext http, LocalObjectStore store, LinkSigner signer)
    {
        if (Verified(HttpMethods.Get, key, http, signer) is not { } terms)
            return Refused();
        var file = store.FileOf(terms.Key);
        if (!file.Exists)
            return Problem(StatusCodes.Status404NotFound, "not_found", "The file is not there: it was never uploaded, or it was deleted.");
        var headers = http.Response.Headers;
        headers.ContentDisposition = ContentDisposition.Attachment(terms.FileName);
        // Even a browser that would rather show it must not run what a stranger uploaded.
        headers.XContentTypeOptions = "nosniff";
        headers.ContentSecurityPolicy = "sandbox; default-src 'none'";
        headers.CacheControl = "private, no-store";
        return TypedResults.PhysicalFile(
            file.FullName, terms.ContentType, fileDownloadName: null, lastModified: new DateTimeOffset(file.LastWriteTimeUtc, TimeSpan.Zero), enableRangeProcessing: true);
    }

    private static LinkTerms? Verified(string method, string key, HttpContext http, LinkSigner signer) =>
        signer.Verify(method, key, name => http.Request.Query[name] is { Count: 1 } values ? values[0] : null);

    private static ProblemHttpResult Refused() =>
        Problem(StatusCodes.Status403Forbidden, "bad_link", "The link is not valid, or no longer: ask the API for a new one.");

    private static ProblemHttpResult Problem(int status, string code, string detail) =>
        TypedResults.Problem(detail, statusCode: status, extensions: new Dictionary<string, object?> { ["code"] = code });
}
