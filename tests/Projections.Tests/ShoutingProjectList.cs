using Events.EventStore;
using Events.Projections.ProjectList;

namespace Events.Projections.Tests;

/// <summary>The project list as a later build might fold it.</summary>
internal sealed class ShoutingProjectList : ProjectListProjection
{
    public override int Version => 2;

    protected override void Evolve(ProjectListRow row, RecordedEvent recorded)
    {
        base.Evolve(row, recorded);
        row.Name = row.Name.ToUpperInvariant();
    }
}
