using Events.Commands.Access;
using Events.Commands.Deciding;
using Events.Commands.Handling;
using Events.Commands.Reservations;
using Events.EventStore;
using Events.Platform.Tenancy;

namespace Events.Commands.Projects;

using Result = CommandResult<ProjectState>;

/// <summary>Carries out what people want of projects.</summary>
public sealed class ProjectCommands(AggregateLoader<ProjectState> projects, EventAppender appender, EventReader reader, WorkspacePeople people)
{
    public static AggregateDefinition<ProjectState> Aggregate { get; } = new("project_state", ProjectState.Initial, ProjectState.Evolve) 
    {
        StartsWith = typeof(ProjectCreated),
        Weigh = static project => 500 + (2L * (project.Description?.Length ?? 0)),
    };

    private readonly CommandLoop<ProjectState> loop = new(Aggregate, projects, appender, reader);

    /// <param name="answer">What to keep under the caller's idempotency key.</param>
    public async ValueTask<Result> CreateAsync(CommandContext context, CreateProject command, Func<Result.Done, StoredAnswer> answer, CancellationToken ct)
    {
        var errors = default(FieldErrors);
        command.Validate(ref errors);
        if (errors.Any)
            return new Result.Invalid(errors.Found);
        var key = new StreamAppend(
            ReservedName.StreamOf($"project-key:{command.Key}"),
            "project_key",
            ExpectedVersion.NoStream,
            [new ProjectKeyReserved(command.ProjectId, command.Key)]);
        var result = await loop.RunAsync(
            context, command.ProjectId, async (project, _) => await RefuseLeadAsync(context, null, project, command, ct) ?? command.Decide(project), answer, [key], ct);
        return result is Result.Refused { Code: "name_taken" }
            ? new Result.Refused("project_key_taken", $"Another project has the key {command.Key}.", "/key")
            : result;
    }

    /// <summary>Any change to a project that exists.</summary>
    public ValueTask<Result> ChangeAsync(
        CommandContext context, Guid projectId, ProjectCommand command, Func<Result.Done, StoredAnswer> answer, CancellationToken ct)
    {
        var errors = default(FieldErrors);
        command.Validate(ref errors);
        if (errors.Any)
            return new(new Result.Invalid(errors.Found));
        return loop.RunAsync(
            context,
            projectId,
            async (project, version) => version == 0 ? Missing : await RefuseLeadAsync(context, projectId, project, command, ct) ?? command.Decide(project),
            answer,
            [],
            ct);
    }

    /// <param name="projectId">Null: it is being made, and hidden from nobody yet.</param>
    private async ValueTask<Decision?> RefuseLeadAsync(CommandContext context, Guid? projectId, ProjectState project, ProjectCommand command, CancellationToken ct)
    {
        var lead = command switch
        {
            CreateProject create => create.LeadId,
            ChangeProjectLead change => change.LeadId,
            ChangeProject { Changes: var changes } => changes.OfType<ChangeProjectLead>().FirstOrDefault()?.LeadId,
            UndoProjectChange undo => undo.Happened.OfType<ProjectLeadChanged>().FirstOrDefault()?.From,
            _ => null,
        };
        if (lead is not { } person || person == project.LeadId)
            return null;
        if (!await people.KnowsAsync(context.Tenant, person, ct))
            return Decision.Refuse("lead_not_found", "Nobody in this workspace has this id.", "/leadId");
        return projectId is { } id && !await people.SeesAsync(context.Tenant, person, id, ct)
            ? Decision.Refuse("lead_sees_not", "The project is hidden from this person: let them see it first.", "/leadId")
            : null;
    }

    public async ValueTask<bool> ExistsAsync(TenantId tenant, Guid projectId, CancellationToken ct) =>
        (await projects.LoadAsync(tenant, projectId, ct)).State.Exists;

    /// <summary>The project as it was at a version; null when it had none such.</summary>
    public async Task<ProjectState?> FindAtAsync(TenantId tenant, Guid projectId, long version, CancellationToken ct)
    {
        var (project, found) = await projects.LoadAtAsync(tenant, projectId, version, ct);
        return found == version ? project : null;
    }

    private static readonly Decision Missing = Decision.Refuse("no_such_project", "There is no such project.");
}
