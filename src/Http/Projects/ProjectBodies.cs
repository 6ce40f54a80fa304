using Events.Commands.Deciding;
using Events.Commands.Projects;
using Events.Http.Bodies;

namespace Events.Http.Projects;

public sealed class NewProject
{
    public Guid? Id { get; set; }

    public string Key { get; set; } = "";

    public string Name { get; set; } = "";

    public string? Description { get; set; }

    public Guid? LeadId { get; set; }

    public DateOnly? StartsOn { get; set; }

    public DateOnly? EndsOn { get; set; }

    public static BodyShape<NewProject> Shape { get; } = new BodyShape<NewProject>
    {
        Example = """{"key":"WEB","name":"Website","description":"Everything that visitors see."}""",
    }
        .Id("id", (p, v) => p.Id = v)
        .Text("key", (p, v) => p.Key = v!, Limits.ProjectKey, required: true)
        .Text("name", (p, v) => p.Name = v!, Limits.ProjectName, required: true)
        .Text("description", (p, v) => p.Description = v, Limits.Description, nullable: true)
        .Id("leadId", (p, v) => p.LeadId = v, nullable: true)
        .Date("startsOn", (p, v) => p.StartsOn = v, nullable: true)
        .Date("endsOn", (p, v) => p.EndsOn = v, nullable: true);

    public CreateProject ToCommand() => new(Id!.Value, Key, Name)
    {
        Description = Description,
        LeadId = LeadId,
        StartsOn = StartsOn,
        EndsOn = EndsOn,
    };
}

/// <summary>A merge patch of a project: each member that is there becomes the command that it means.</summary>
public sealed class ProjectPatch
{
    private readonly List<ProjectCommand> changes = [];
    private RescheduleProject? dates;

    public static BodyShape<ProjectPatch> Shape { get; } = new BodyShape<ProjectPatch>
    {
        Example = """{"name":"Website and shop","status":"active","endsOn":"2027-03-31"}""",
    }
        .Text("name", (p, v) => p.changes.Add(new RenameProject(v!)), Limits.ProjectName)
        .Text("description", (p, v) => p.changes.Add(new DescribeProject(v)), Limits.Description, nullable: true)
        .Id("leadId", (p, v) => p.changes.Add(new ChangeProjectLead(v)), nullable: true)
        .Choice<ProjectStatus>("status", (p, v) => p.changes.Add(new ChangeProjectStatus(v!.Value)))
        .Date("startsOn", (p, v) => p.dates = (p.dates ?? new()) with { ChangesStart = true, StartsOn = v }, nullable: true)
        .Date("endsOn", (p, v) => p.dates = (p.dates ?? new()) with { ChangesEnd = true, EndsOn = v }, nullable: true);

    public ProjectCommand ToCommand() => new ChangeProject(dates is null ? changes : [.. changes, dates]);
}
