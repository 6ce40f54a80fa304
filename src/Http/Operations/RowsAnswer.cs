using System.Text.Json;
using Events.Http.Answers;
using Events.Http.Lists;
using Events.Platform.Tenancy;

namespace Events.Http.Operations;

/// <summary>Pages of what operators look at, rendered as they are asked for.</summary>
internal static class RowsAnswer
{
    /// <summary>Where the request's cursor leads; null: to the first page, or nowhere with a refusal in the query.</summary>
    public static byte[]? Place(this QueryParameters query, CursorSigner cursors, TenantId tenant, string list)
    {
        if (query.Find("cursor") is not { Length: > 0 } cursor)
            return null;
        var place = cursors.Open(tenant, list, cursor, out var wrong);
        if (place is null)
            query.Refuse("cursor", "bad_cursor", wrong ?? "The cursor is not one of this list.");
        return place;
    }

    /// <param name="found">One more than the limit when there is a next page.</param>
    public static Task WriteRowsAsync<T>(this HttpContext http, IReadOnlyList<T> found, int limit, Action<Utf8JsonWriter, T> write, Func<T, string> cursorOf)
    {
        var next = found.Count > limit ? cursorOf(found[limit - 1]) : null;
        if (next is not null)
            http.Response.Headers.Link = PageAnswer.NextLink(http.Request, next);
        var body = JsonBytes.Render((Rows: found.Take(limit), next, write), static (json, page) =>
        {
            json.WriteStartObject();
            json.WriteStartArray("items"u8);
            foreach (var row in page.Rows)
            {
                json.WriteStartObject();
                page.write(json, row);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteString("nextCursor"u8, page.next);
            json.WriteEndObject();
        });
        return http.WriteDocumentAsync(body, ContentHash.TagOf(body));
    }

    public static void WriteTime(this Utf8JsonWriter json, ReadOnlySpan<byte> name, DateTimeOffset? time)
    {
        if (time is { } known)
            json.WriteString(name, known.UtcDateTime);
        else
            json.WriteNull(name);
    }
}
