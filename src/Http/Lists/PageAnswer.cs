using System.Buffers;
using System.Globalization;
using System.Text;
using Events.Http.Answers;
using Events.Http.Auth;
using Events.Http.Commanding;
using Events.Http.Problems;
using Events.Platform.Tenancy;
using Events.Projections.Engine;

namespace Events.Http.Lists;

/// <summary>A page with all that goes out of it.</summary>
/// <param name="Tag">Its entity tag.</param>
public sealed record SignedPage(ReadOnlyMemory<byte> Items, string? Cursor, string Tag, long Position)
{
    internal static readonly Func<SignedPage, (long Position, int Bytes)> Measure = static page => (page.Position, page.Items.Length);
}

/// <summary>A page on its way out: the items' bytes are copied as the read model holds them, between an opening and a cursor.</summary>
public static class PageAnswer
{
    private const int PlaceIdBytes = 16;

    private static ReadOnlySpan<byte> Opening => "{\"items\":["u8;

    private static ReadOnlySpan<byte> Middle => "],\"nextCursor\":"u8;

    public static Task WritePageAsync(this HttpContext http, QueryPage page, string list, CursorSigner signer) =>
        http.WritePageAsync(page.Sign(http.Features.Get<Caller>()!.Tenant, list, signer));

    /// <param name="list">Canonical name of the list and its filter.</param>
    public static SignedPage Sign(this QueryPage page, TenantId tenant, string list, CursorSigner signer)
    {
        var cursor = page.Next is { } next ? signer.Sign(tenant, list, Place(next)) : null;
        return new SignedPage(page.Items, cursor, ContentHash.TagOf(page.Items.Span, cursor), page.Position);
    }

    public static async Task WritePageAsync(this HttpContext http, SignedPage page)
    {
        var (items, cursor, tag, position) = page;
        var response = http.Response;
        response.Headers[CommandRunner.PositionHeader] = position.ToString(CultureInfo.InvariantCulture);
        response.Headers.ETag = tag;
        if (cursor is not null)
            response.Headers.Link = NextLink(http.Request, cursor);
        if (Versions.IsNotModified(http.Request, tag))
        {
            response.StatusCode = 304;
            return;
        }

        response.ContentType = "application/json";
        response.ContentLength = Opening.Length + items.Length + Middle.Length + (cursor is null ? "null}".Length : "\"\"}".Length + cursor.Length);
        var writer = response.BodyWriter;
        writer.Write(Opening);
        writer.Write(items.Span);
        writer.Write(Middle);
        if (cursor is null)
        {
            writer.Write("null"u8);
        }
        else
        {
            // Base64url: nothing in it needs an escape.
            writer.Write("\""u8);
            Encoding.ASCII.GetBytes(cursor, writer);
            writer.Write("\""u8);
        }

        writer.Write("}"u8);
        await writer.FlushAsync();
    }

    /// <summary>Where the request's cursor leads; null: to the first page, or nowhere with a refusal in the query.</summary>
    public static KeysetCursor? ReadCursor(this QueryParameters query, CursorSigner signer, Caller caller, string list)
    {
        if (query.Find("cursor") is not { } text)
            return null;
        var place = signer.Open(caller.Tenant, list, text, out var wrong);
        if (place is { Length: >= PlaceIdBytes })
            return new KeysetCursor(Encoding.UTF8.GetString(place.AsSpan(PlaceIdBytes)), new Guid(place.AsSpan(0, PlaceIdBytes)));
        query.Refuse("cursor", "bad_cursor", wrong ?? "The cursor is not one that this service made.");
        return null;
    }

    /// <summary>Answers the problem when the query has one.</summary>
    public static async ValueTask<bool> RefusedAsync(this HttpContext http, QueryParameters query)
    {
        if (query.Problem is not { } problem)
            return false;
        await http.Response.WriteAsync(problem);
        return true;
    }

    private static byte[] Place(KeysetCursor cursor)
    {
        var place = new byte[PlaceIdBytes + Encoding.UTF8.GetByteCount(cursor.Value)];
        cursor.Id.TryWriteBytes(place);
        Encoding.UTF8.GetBytes(cursor.Value, place.AsSpan(PlaceIdBytes));
        return place;
    }

    internal static string NextLink(HttpRequest request, string cursor)
    {
        var target = new StringBuilder("<").Append(request.Path.Value).Append('?');
        foreach (var pair in new Microsoft.AspNetCore.WebUtilities.QueryStringEnumerable(request.QueryString.Value))
        {
            if (!pair.EncodedName.Span.SequenceEqual("cursor"))
                target.Append(pair.EncodedName.Span).Append('=').Append(pair.EncodedValue.Span).Append('&');
        }

        return target.Append("cursor=").Append(cursor).Append(">; rel=\"next\"").ToString();
    }
}
