use super::Route;

/// Who is told what. A recipient is told once, by the first route that takes the incident.
#[derive(Clone, Debug, Default)]
pub struct Routes(pub Vec<Route>);
