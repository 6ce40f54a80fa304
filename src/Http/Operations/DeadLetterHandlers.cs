using System.Buffers.Binary;
using System.Text.Json;
using Events.Http.Auth;
using Events.Http.Lists;
using Events.Http.Problems;
using Events.Messaging.DeadLetters;
using Events.Platform.Tenancy;

namespace Events.Http.Operations;

public sealed class DeadLetterHandlers(DeadLetterStore letters, CursorSigner cursors)
{
    public async Task ListAsync(HttpContext http)
    {
        var caller = http.Features.Get<Caller>()!;
        var query = QueryParameters.Read(http.Request, "workspaceId", "type", "limit", "cursor");
        var tenant = OperationBodies.TenantOf(query.Find("workspaceId"));
        if (tenant is null)
            query.Refuse("workspaceId", "required", "It must say whose dead letters, in 1 to 64 printable characters.");
        var type = query.Text("type", DeadLetterRequest.MaxType);
        var limit = query.Limit();
        var list = $"dead-letters/{tenant}/{type}";
        DeadLetterPlace? before = query.Place(cursors, caller.Tenant, list) is { Length: 24 } place
            ? new(new DateTimeOffset(BinaryPrimitives.ReadInt64BigEndian(place), TimeSpan.Zero), new Guid(place.AsSpan(8), bigEndian: true))
            : null;
        if (query.Problem is { } problem)
        {
            await http.Response.WriteAsync(problem);
            return;
        }

        var found = await letters.ListAsync(tenant!.Value, type, before, limit + 1, http.RequestAborted);
        await http.WriteRowsAsync(found, limit, Write, last =>
        {
            var end = new byte[24];
            BinaryPrimitives.WriteInt64BigEndian(end, last.DiedAt.UtcTicks);
            last.Id.TryWriteBytes(end.AsSpan(8), bigEndian: true, out _);
            return cursors.Sign(caller.Tenant, list, end);
        });
    }

    public async Task ReplayAsync(HttpContext http)
    {
        if (await ReadAsync(http) is { } asked)
            await WriteAsync(http, await letters.ReplayManyAsync(asked.Tenant, asked.Choice, CancellationToken.None));
    }

    public async Task DiscardAsync(HttpContext http)
    {
        if (await ReadAsync(http) is { } asked)
            await WriteAsync(http, await letters.DiscardManyAsync(asked.Tenant, asked.Choice, CancellationToken.None));
    }

    private static async ValueTask<(TenantId Tenant, DeadLetterChoice Choice)?> ReadAsync(HttpContext http) =>
        await OperationBodies.ReadAsync(http, DeadLetterRequest.Shape, request => request.Wrong) is { } asked
            ? (new TenantId(asked.WorkspaceId), new DeadLetterChoice(asked.Type, asked.Ids))
            : null;

    private static void Write(Utf8JsonWriter json, DeadLetter letter)
    {
        json.WriteString("id"u8, letter.Id);
        json.WriteString("type"u8, letter.Type);
        json.WriteString("queue"u8, letter.Queue);
        json.WriteString("reason"u8, letter.Reason);
        json.WriteString("diedAt"u8, letter.DiedAt.UtcDateTime);
        json.WriteNumber("attempts"u8, letter.Attempts);
        json.WriteString("orderKey"u8, letter.OrderKey);
        json.WriteStartObject("error"u8);
        json.WriteString("type"u8, letter.ErrorType?[(letter.ErrorType.LastIndexOf('.') + 1)..]);
        json.WriteString("message"u8, letter.ErrorMessage);
        json.WriteEndObject();
    }

    private static async Task WriteAsync(HttpContext http, long changed)
    {
        http.Response.ContentType = "application/json";
        http.Response.Headers.CacheControl = "no-store";
        await http.Response.WriteAsync($$"""{"changed":{{changed}}}""", http.RequestAborted);
    }
}
