using System.Buffers;
using System.Text.Json;
using Events.Commands.Audit;
using Events.Http.Answers;
using Events.Http.Auth;
using Events.Http.Lists;

namespace Events.Http.Workspaces;

/// <summary>The workspace's audit log, for admins: newest first, page by page, or all of it as lines.</summary>
internal sealed class AuditHandlers(AuditLog log, CursorSigner signer)
{
    private const int ExportPage = 1_000;

    private static readonly string[] Filters = ["actorId", "action", "outcome", "from", "to"];

    public async Task ListAsync(HttpContext http)
    {
        var tenant = http.Features.Get<Caller>()!.Tenant;
        var query = QueryParameters.Read(http.Request, [.. Filters, "limit", "cursor"]);
        var limit = query.Limit(AuditLog.MaxPage);
        var filter = FilterOf(query);
        var list = $"audit/{filter}";
        if (query.Find("cursor") is { } text)
        {
            var place = signer.Open(tenant, list, text, out var wrong);
            if (place is { Length: 16 })
                filter = filter with { Before = new Guid(place, bigEndian: true) };
            else
                query.Refuse("cursor", "bad_cursor", wrong ?? "The cursor is not one that this service made.");
        }

        if (await http.RefusedAsync(query))
            return;
        var entries = await log.ReadAsync(tenant, filter, limit + 1, http.RequestAborted).ToListAsync(http.RequestAborted);
        var next = entries.Count > limit ? signer.Sign(tenant, list, entries[limit - 1].Id.ToByteArray(bigEndian: true)) : null;
        var json = JsonBytes.Render((Entries: entries.Take(limit), next), static (json, x) =>
        {
            json.WriteStartObject();
            json.WriteStartArray("items"u8);
            foreach (var entry in x.Entries)
                Write(json, entry);
            json.WriteEndArray();
            json.WriteString("nextCursor"u8, x.next);
            json.WriteEndObject();
        });
        if (next is not null)
            http.Response.Headers.Link = PageAnswer.NextLink(http.Request, next);
        await http.WriteDocumentAsync(json, ContentHash.TagOf(json, next));
    }

    /// <summary>Page after page, so that neither side ever holds all of it.</summary>
    public async Task ExportAsync(HttpContext http)
    {
        var tenant = http.Features.Get<Caller>()!.Tenant;
        var query = QueryParameters.Read(http.Request, Filters);
        var filter = FilterOf(query);
        if (await http.RefusedAsync(query))
            return;
        http.Response.ContentType = "application/x-ndjson";
        http.Response.Headers.ContentDisposition = "attachment; filename=\"audit.ndjson\"";
        var written = ExportPage;
        while (written == ExportPage)
        {
            written = 0;
            await foreach (var entry in log.ReadAsync(tenant, filter, ExportPage, http.RequestAborted))
            {
                http.Response.BodyWriter.Write(JsonBytes.Render(entry, Write));
                http.Response.BodyWriter.Write("\n"u8);
                filter = filter with { Before = entry.Id };
                written++;
            }

            await http.Response.BodyWriter.FlushAsync(http.RequestAborted);
        }
    }

    private static AuditFilter FilterOf(QueryParameters query) => new(
        query.Id("actorId"), query.Text("action", 80), query.Text("outcome", 60), query.Time("from"), query.Time("to"), Before: null);

    private static void Write(Utf8JsonWriter json, AuditEntry entry)
    {
        json.WriteStartObject();
        json.WriteString("id"u8, entry.Id);
        json.WriteString("at"u8, entry.At.UtcDateTime);
        WriteId(json, "actorId"u8, entry.ActorId);
        WriteId(json, "tokenId"u8, entry.TokenId);
        json.WriteString("action"u8, entry.Action);
        json.WriteString("target"u8, entry.Target);
        json.WriteString("outcome"u8, entry.Outcome);
        json.WriteNumber("status"u8, entry.Status);
        json.WriteString("address"u8, entry.Address?.ToString());
        json.WriteString("client"u8, entry.Client);
        json.WriteString("requestId"u8, entry.RequestId);
        json.WriteEndObject();
    }

    private static void WriteId(Utf8JsonWriter json, ReadOnlySpan<byte> name, Guid? id)
    {
        if (id is { } value)
            json.WriteString(name, value);
        else
            json.WriteNull(name);
    }
}
