using Events.Commands.Deciding;
using Events.Commands.Projects;
using Events.Commands.Tests.Deciding;
using Shouldly;
using Xunit;

namespace Events.Commands.Tests.Projects;

public sealed class ProjectSpecs
{
    private static readonly Guid Web = Guid.Parse("01938f5e-0000-7000-8000-0000000000f0");
    private static readonly Guid Ann = Guid.Parse("01938f5e-0000-7000-8000-0000000000a1");
    private static readonly ProjectCreated Created = new("WEB", "Website", null, null, new DateOnly(2026, 1, 1), null);

    private static Spec<ProjectState> Project { get; } = new(ProjectState.Initial, ProjectState.Evolve);

    private static Func<ProjectState, Decision> Ask(ProjectCommand command) => command.Decide;

    [Fact]
    public void A_project_is_created_once()
    {
        var command = new CreateProject(Web, "WEB", "Website") { StartsOn = new DateOnly(2026, 1, 1) };
        Project.Given().When(Ask(command)).Then(Created);
        Project.Given(Created).When(Ask(command)).ThenRefuses("project_exists");
    }

    [Fact]
    public void A_project_is_renamed()
    {
        Project.Given(Created).When(Ask(new RenameProject("Shop"))).Then(new ProjectRenamed("Website", "Shop"));
        Project.Given(Created).When(Ask(new RenameProject("Website"))).ThenNothing();
    }

    [Fact]
    public void A_project_is_described() =>
        Project.Given(Created).When(Ask(new DescribeProject("All of it"))).Then(new ProjectDescribed("All of it"));

    [Fact]
    public void A_project_gets_a_lead() =>
        Project.Given(Created).When(Ask(new ChangeProjectLead(Ann))).Then(new ProjectLeadChanged(null, Ann));

    [Fact]
    public void A_project_is_paused() =>
        Project.Given(Created).When(Ask(new ChangeProjectStatus(ProjectStatus.Paused))).Then(new ProjectStatusChanged(ProjectStatus.Active, ProjectStatus.Paused));

    [Fact]
    public void Dates_change_one_at_a_time_and_stay_in_order()
    {
        var march = new DateOnly(2026, 3, 1);
        Project.Given(Created).When(Ask(new RescheduleProject { ChangesEnd = true, EndsOn = march })).Then(new ProjectRescheduled(new DateOnly(2026, 1, 1), march));
        Project.Given(Created).When(Ask(new RescheduleProject { ChangesEnd = true, EndsOn = new DateOnly(2025, 1, 1) })).ThenRefuses("ends_before_start");
        Project.Given(Created).When(Ask(new RescheduleProject { ChangesStart = true, StartsOn = new DateOnly(2026, 1, 1) })).ThenNothing();
    }

    [Fact]
    public void An_archived_project_does_not_change_until_it_is_restored()
    {
        Project.Given(Created).When(Ask(new ArchiveProject())).Then(new ProjectArchived());
        Project.Given(Created, new ProjectArchived()).When(Ask(new ArchiveProject())).ThenNothing();
        Project.Given(Created, new ProjectArchived()).When(Ask(new RenameProject("Shop"))).ThenRefuses("project_archived");
        Project.Given(Created, new ProjectArchived()).When(Ask(new RestoreProject())).Then(new ProjectRestored());
        Project.Given(Created).When(Ask(new RestoreProject())).ThenNothing();
    }

    [Fact]
    public void A_patch_is_granted_whole_or_not_at_all()
    {
        Project.Given(Created).When(Ask(new ChangeProject([new RenameProject("Shop"), new ChangeProjectStatus(ProjectStatus.Active)]))).Then(new ProjectRenamed("Website", "Shop"));
        Project.Given(Created, new ProjectArchived()).When(Ask(new ChangeProject([]))).ThenRefuses("project_archived");
    }

    [Theory]
    [InlineData("web")]
    [InlineData("W")]
    [InlineData("1WEB")]
    [InlineData("TOOLONGAKEY")]
    [InlineData("WEB-1")]
    public void A_key_that_cannot_be_is_named(string key)
    {
        var errors = default(FieldErrors);
        new CreateProject(Web, key, "Website").Validate(ref errors);
        errors.Found.ShouldHaveSingleItem().Code.ShouldBe("malformed_key");
    }
}
