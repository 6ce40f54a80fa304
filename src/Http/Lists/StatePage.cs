using System.Text.Json;
using Events.Http.Answers;
using Events.Platform.Tenancy;

namespace Events.Http.Lists;

/// <summary>
/// A page of a collection that is small by its limits and already in memory: members, labels, tokens. In the order of the ids,
/// so a page stays where it is while others come and go.
/// </summary>
public static class StatePage
{
    public static readonly string[] Parameters = ["limit", "cursor"];

    /// <inheritdoc cref="WriteStatePageAsync{T, TContext}"/>
    public static Task WriteStatePageAsync<T>(
        this HttpContext http, TenantId tenant, string list, CursorSigner signer, IEnumerable<T> all, Func<T, Guid> idOf, Action<Utf8JsonWriter, T> write) =>
        http.WriteStatePageAsync(tenant, list, signer, all, idOf, static _ => ValueTask.FromResult(true), (json, item, _) => write(json, item));

    /// <param name="list">Canonical name of the list and its filter.</param>
    /// <param name="prepare">What the page's items need to be written, e.g. their opened texts.</param>
    public static async Task WriteStatePageAsync<T, TContext>(
        this HttpContext http,
        TenantId tenant,
        string list,
        CursorSigner signer,
        IEnumerable<T> all,
        Func<T, Guid> idOf,
        Func<IReadOnlyList<T>, ValueTask<TContext>> prepare,
        Action<Utf8JsonWriter, T, TContext> write)
    {
        var query = QueryParameters.Read(http.Request, Parameters);
        var limit = query.Limit();
        Guid? after = null;
        if (query.Find("cursor") is { } text)
        {
            var place = signer.Open(tenant, list, text, out var wrong);
            if (place is { Length: 16 })
                after = new Guid(place, bigEndian: true);
            else
                query.Refuse("cursor", "bad_cursor", wrong ?? "The cursor is not one that this service made.");
        }

        if (await http.RefusedAsync(query))
            return;
        // Compared as text, byte by byte: a Guid's own order is another one.
        var rest = all.Select(item => (Item: item, Id: idOf(item))).Where(x => after is null || Compare(x.Id, after.Value) > 0).ToList();
        rest.Sort((a, b) => Compare(a.Id, b.Id));
        var page = rest.Take(limit).Select(x => x.Item).ToList();
        var next = rest.Count > limit ? signer.Sign(tenant, list, rest[limit - 1].Id.ToByteArray(bigEndian: true)) : null;
        var context = await prepare(page);
        var json = JsonBytes.Render((page, next, context, write), static (json, x) =>
        {
            json.WriteStartObject();
            json.WriteStartArray("items"u8);
            foreach (var item in x.page)
                x.write(json, item, x.context);
            json.WriteEndArray();
            json.WriteString("nextCursor"u8, x.next);
            json.WriteEndObject();
        });
        if (next is not null)
            http.Response.Headers.Link = PageAnswer.NextLink(http.Request, next);
        await http.WriteDocumentAsync(json, ContentHash.TagOf(json, next));
    }

    private static int Compare(Guid a, Guid b)
    {
        Span<byte> left = stackalloc byte[16];
        Span<byte> right = stackalloc byte[16];
        a.TryWriteBytes(left, bigEndian: true, out _);
        b.TryWriteBytes(right, bigEndian: true, out _);
        return left.SequenceCompareTo(right);
    }
}
