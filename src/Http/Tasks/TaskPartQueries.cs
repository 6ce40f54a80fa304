using System.Globalization;
using System.Text.Json;
using Events.Http.Answers;
using Events.Http.Auth;
using Events.Http.Commanding;
using Events.Http.Lists;
using Events.Http.Problems;
using Events.Projections.TaskDetail;

namespace Events.Http.Tasks;

/// <summary>One comment, one item of a checklist: what the answer to its POST names as its place. Their ETag is the task's, as for changing them.</summary>
public sealed class TaskPartQueries(TaskDetailQuery details, Freshness freshness)
{
    public Task CommentAsync(HttpContext http) => AnswerAsync(
        http, "commentId", "There is no such comment.", async (caller, taskId, commentId, _) => await details.FindCommentAsync(caller.Tenant, taskId, commentId, http.RequestAborted));

    public Task ChecklistItemAsync(HttpContext http) => AnswerAsync(
        http, "itemId", "There is no such item.", (_, _, itemId, task) => ValueTask.FromResult(ItemOf(task, itemId)));

    private async Task AnswerAsync(HttpContext http, string name, string missing, Func<Caller, Guid, Guid, ReadOnlyMemory<byte>, ValueTask<ReadOnlyMemory<byte>>> find)
    {
        var caller = http.Features.Get<Caller>()!;
        if (!Guid.TryParseExact(http.Request.RouteValues["id"] as string, "D", out var taskId) || !Guid.TryParseExact(http.Request.RouteValues[name] as string, "D", out var partId))
        {
            await http.Response.WriteAsync(Problem.NotFound(missing));
            return;
        }

        var query = QueryParameters.Read(http.Request);
        if (await http.RefusedAsync(query) || !await freshness.ReachedAsync(http, TaskDetailQuery.Projection))
            return;
        var task = await details.FindAsync(caller.Tenant, taskId, http.RequestAborted);
        http.Response.Headers[CommandRunner.PositionHeader] = task.Position.ToString(CultureInfo.InvariantCulture);
        var part = task.Exists && TaskQueries.Sees(caller, task.Json) ? await find(caller, taskId, partId, task.Json) : default;
        if (part.IsEmpty)
            await http.Response.WriteAsync(Problem.NotFound(missing));
        else
            await http.WriteDocumentAsync(part, Versions.ETag(task.Version));
    }

    private static ReadOnlyMemory<byte> ItemOf(ReadOnlyMemory<byte> task, Guid itemId)
    {
        using var document = JsonDocument.Parse(task);
        foreach (var item in document.RootElement.GetProperty("checklist"u8).EnumerateArray())
        {
            if (item.GetProperty("id"u8).GetGuid() == itemId)
                return JsonBytes.Render(item, static (json, item) => item.WriteTo(json));
        }

        return default;
    }
}
