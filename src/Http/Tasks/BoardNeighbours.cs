using System.Text;
using System.Text.Json;
using Events.Commands.Tasks;
using Events.Platform.Tenancy;
using Events.Projections.Engine;
using Events.Projections.TaskList;

namespace Events.Http.Tasks;

/// <summary>What stands beside a task on its project's board, for those who name only one neighbour.</summary>
public sealed class BoardNeighbours(TaskListQuery list)
{
    // One for the place, one for the moved task itself, should it stand there.
    private const int Looked = 2;

    /// <returns>The rank that comes next in the direction, the moved task's own left out; null: the board ends there.</returns>
    public async ValueTask<string?> NextAsync(TenantId tenant, Guid moved, Guid neighbourId, RankNeighbour neighbour, bool following, CancellationToken ct)
    {
        var page = await list.RunAsync(
            tenant,
            new TaskListFilter { ProjectId = neighbour.ProjectId },
            new TaskListSort(TaskListOrder.Rank, Descending: !following),
            new KeysetCursor(neighbour.Rank, neighbourId),
            Looked,
            ct);
        using var items = JsonDocument.Parse(Encoding.UTF8.GetBytes($"[{Encoding.UTF8.GetString(page.Items.Span)}]"));
        foreach (var item in items.RootElement.EnumerateArray())
        {
            // The list may lag behind the neighbour's own move: what is not beyond it says nothing.
            var rank = item.GetProperty("rank").GetString();
            var beyond = string.CompareOrdinal(rank, neighbour.Rank) * (following ? 1 : -1);
            if (item.GetProperty("id").GetGuid() != moved && beyond > 0)
                return rank;
        }

        return null;
    }
}
